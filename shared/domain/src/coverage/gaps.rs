//! What of a resource is not covered, and the command that mends it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::alarm::AlarmState;
use super::plan::Fate;
use super::wanted::{Wanted, Wants};
use super::{ALARM_USD_A_MONTH, CoverageInput};
use crate::catalogue::AbsenceNote;
use crate::onboarding::{READ_LOG_GROUPS, READ_METRICS, log_group_candidates, log_sources_by_tag};
use crate::resource::{EC2_INSTANCE, ResourceRef};

/// An alarm without data for so long watches nothing.
const TOO_LONG_WITHOUT_DATA: SignedDuration = SignedDuration::from_hours(24);
/// What AWS charges for keeping logs is small; for ever is long. A month is what the suite keeps itself.
const PROPOSED_RETENTION_DAYS: u32 = 30;

/// How well one resource is covered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ResourceCoverage {
    #[serde(flatten)]
    pub resource: ResourceRef,
    /// 0 to 100: the share of `checks` that passed. A type that the catalogue does not know has 0.
    pub score: u8,
    /// One for every alarm that should be, every metric that should be published, the log group, its retention, the owner.
    pub checks: usize,
    pub passed: usize,
    pub alarms_wanted: usize,
    pub alarms_in_force: usize,
    /// Series that the detector watches.
    pub anomaly_series: usize,
    /// What its alarms cost, in USD.
    pub usd_a_month: f64,
    pub gaps: Vec<CoverageGap>,
}

/// Something that is not covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CoverageGap {
    pub kind: GapKind,
    pub what: String,
    /// The command that mends it, or what to do where none does.
    pub fix: String,
}

/// Why it is not covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// The catalogue does not know the type.
    UnknownType,
    /// An alarm is wanted and not there.
    AlarmMissing,
    /// An alarm is there, but differs from what is wanted.
    AlarmDiffers,
    /// Somebody else's alarm has the name.
    AlarmConflict,
    /// More alarms are wanted than the deployment allows.
    OverCap,
    /// More alarms are wanted than the region has room for.
    OverQuota,
    /// An alarm has had no data for a day: the resource is idle, or its dimensions match nothing.
    AlarmWithoutData,
    /// Somebody has switched an alarm's actions off.
    ActionsDisabled,
    /// No CloudWatch agent reports memory.
    NoMemoryMetric,
    /// No CloudWatch agent reports disks.
    NoDiskMetric,
    /// What the metrics' dimensions are made of could not be read.
    NameUnknown,
    /// No log group is found.
    NoLogGroup,
    /// A log group is kept for ever.
    NoRetention,
    /// No tag says who answers for it.
    NoOwner,
    /// A tag cannot be used.
    BadTag,
    /// What the resource's product says of a threshold cannot be used.
    BadProductThreshold,
    /// A published document of the configuration, or a part of it, is not in force.
    BadConfiguration,
    /// An alarm looks at minutes that basic monitoring does not publish.
    NoDetailedMonitoring,
}

/// Mean of all scores, 0 to 100; 100 where there is nothing.
pub fn overall(resources: &[ResourceCoverage]) -> u8 {
    let sum: usize = resources.iter().map(|resource| usize::from(resource.score)).sum();
    sum.checked_div(resources.len()).map_or(100, |mean| mean.min(100) as u8)
}

struct Tally {
    checks: usize,
    passed: usize,
    gaps: Vec<CoverageGap>,
}

impl Tally {
    /// A check: passed, or the reason why not.
    fn check(&mut self, problem: Option<CoverageGap>) {
        self.checks += 1;
        self.passed += usize::from(problem.is_none());
        self.gaps.extend(problem);
    }
}

fn gap(kind: GapKind, what: String, fix: String) -> CoverageGap {
    CoverageGap { kind, what, fix }
}

pub(super) fn coverage(input: &CoverageInput<'_>, wants: &Wants<'_>, fates: &[Fate<'_>]) -> ResourceCoverage {
    let reference = &wants.resource.reference;
    let mut tally = Tally { checks: 0, passed: 0, gaps: Vec::new() };
    if wants.kind.is_none() {
        let what = format!("the catalogue does not know {}: nothing watches it", reference.kind);
        let fix = "add the type to config/alert_thresholds.json, or take the monitor tag away".to_owned();
        tally.check(Some(gap(GapKind::UnknownType, what, fix)));
    }
    for (wanted, fate) in wants.alarms.iter().zip(fates) {
        tally.check(alarm_gap(wanted, fate, input.now));
    }
    let unread = |source: &str| input.discovered.unread.iter().any(|unread| unread.source == source);
    metrics(wants, unread(READ_METRICS), &mut tally);
    if !reference.kind.starts_with("nightjar:") && wants.kind.is_some() {
        if !unread(READ_LOG_GROUPS) {
            logs(input, wants, &mut tally);
        }
        owner(input, wants, &mut tally);
    }
    for bad in &wants.bad_tags {
        let what =
            format!("the tag {} cannot be used, so the catalogue's values are in force: {}", bad.tag, bad.problem);
        let fix = format!(
            "aws resourcegroupstaggingapi untag-resources --resource-arn-list {} --tag-keys {}",
            quoted(&reference.arn),
            quoted(&bad.tag)
        );
        tally.gaps.push(gap(GapKind::BadTag, what, fix));
    }
    for bad in &wants.bad_of_product {
        let (product, metric) = (wants.product.map_or("", |product| product.name.as_str()), &bad.metric);
        let what =
            format!("what the product {product} says of {metric} cannot be used, and is left out: {}", bad.problem);
        let fix = format!(
            "mend thresholds.{}.{metric} of the product {product}: config/products.json, or PUT /products/{product}",
            reference.kind
        );
        tally.gaps.push(gap(GapKind::BadProductThreshold, what, fix));
    }
    if input.policy.elsewhere {
        for gap in &mut tally.gaps {
            gap.fix = elsewhere(&gap.fix, reference);
        }
    }
    let in_force = fates.iter().filter(|fate| matches!(fate, Fate::InForce(_))).count();
    ResourceCoverage {
        resource: reference.clone(),
        score: (100 * tally.passed).checked_div(tally.checks).unwrap_or(100) as u8,
        checks: tally.checks,
        passed: tally.passed,
        alarms_wanted: fates.len(),
        alarms_in_force: in_force,
        anomaly_series: wants.anomaly_series,
        usd_a_month: (in_force as f64 * ALARM_USD_A_MONTH * 100.0).round() / 100.0,
        gaps: tally.gaps,
    }
}

/// A command of the AWS CLI, typed for another account and region.
fn elsewhere(fix: &str, reference: &ResourceRef) -> String {
    match fix.strip_prefix("aws ") {
        Some(rest) => {
            format!("aws --region {} {rest} # with credentials of {}", quoted(&reference.region), reference.account)
        }
        None => fix.to_owned(),
    }
}

fn alarm_gap(wanted: &Wanted<'_>, fate: &Fate<'_>, now: Timestamp) -> Option<CoverageGap> {
    let name = &wanted.spec.name;
    let alarm = format!("{} ({})", wanted.entry.metric, wanted.level.as_str());
    let apply = || "nightjar alarms apply".to_owned();
    Some(match fate {
        Fate::Create | Fate::Unproven => gap(GapKind::AlarmMissing, format!("no alarm on {alarm}"), apply()),
        Fate::Change(_) => gap(GapKind::AlarmDiffers, format!("the alarm on {alarm} is not as it should be"), apply()),
        Fate::Conflict => gap(
            GapKind::AlarmConflict,
            format!("somebody else's alarm {name} stands where the one on {alarm} should be"),
            format!("aws cloudwatch describe-alarms --alarm-names {}", quoted(name)),
        ),
        Fate::OverCap => gap(
            GapKind::OverCap,
            format!("no alarm on {alarm}: more are wanted than alarms_max allows"),
            "raise alarms_max in terraform.tfvars, or switch alarms off by tag".to_owned(),
        ),
        Fate::OverQuota => gap(
            GapKind::OverQuota,
            format!("no alarm on {alarm}: the region's quota is used up"),
            "aws service-quotas list-service-quotas --service-code monitoring".to_owned(),
        ),
        Fate::InForce(there) if !there.actions_enabled => gap(
            GapKind::ActionsDisabled,
            format!("the alarm on {alarm} tells nobody: its actions are switched off"),
            format!("aws cloudwatch enable-alarm-actions --alarm-names {}", quoted(name)),
        ),
        Fate::InForce(there)
            if there.state == AlarmState::InsufficientData
                && now.duration_since(there.state_since) >= TOO_LONG_WITHOUT_DATA =>
        {
            let dimensions = wanted.spec.dimensions.iter().map(|(n, v)| quoted(&format!("Name={n},Value={v}")));
            gap(
                GapKind::AlarmWithoutData,
                format!("the alarm on {alarm} has had no data since {}", there.state_since),
                format!(
                    "aws cloudwatch list-metrics --namespace {} --metric-name {} --dimensions {}",
                    quoted(&wanted.spec.namespace),
                    quoted(&wanted.spec.metric),
                    dimensions.collect::<Vec<_>>().join(" ")
                ),
            )
        }
        Fate::InForce(_) => return None,
    })
}

fn metrics(wants: &Wants<'_>, unread: bool, tally: &mut Tally) {
    let reference = &wants.resource.reference;
    for entry in wants.absent.iter().filter(|_| !unread) {
        let (kind, of) = match entry.note_when_absent {
            Some(AbsenceNote::DiskMetric) => (GapKind::NoDiskMetric, "disks"),
            _ => (GapKind::NoMemoryMetric, "memory"),
        };
        let what = format!("nothing publishes {} {}: no agent reports its {of}", entry.namespace, entry.metric);
        let fix = format!(
            "aws ssm send-command --document-name AWS-ConfigureAWSPackage --targets Key=InstanceIds,Values={} \
             --parameters action=Install,name=AmazonCloudWatchAgent",
            reference.id
        );
        tally.check(Some(gap(kind, what, fix)));
    }
    let present = wants.kind.map_or(0, |kind| {
        kind.metrics.iter().filter(|entry| entry.note_when_absent.is_some()).count() - wants.absent.len()
    });
    for _ in 0..present {
        tally.check(None);
    }
    if let Some(first) = wants.nameless.first() {
        let what = format!("the dimensions of {} and others could not be told", first.metric);
        let fix = format!("look into the log of onboarding for {}", reference.arn);
        tally.check(Some(gap(GapKind::NameUnknown, what, fix)));
    }
    let basic = wants.resource.details.get("monitoring").is_some_and(|state| state == "disabled");
    let by_minute = |wanted: &&Wanted<'_>| {
        wanted.spec.period_seconds < 300
            && wanted.spec.namespace == "AWS/EC2"
            && !wanted.spec.metric.starts_with("StatusCheck")
    };
    if reference.kind == EC2_INSTANCE
        && basic
        && let Some(wanted) = wants.alarms.iter().find(by_minute)
    {
        let what = format!("{} is judged by the minute, but published every five", wanted.spec.metric);
        let fix = format!("aws ec2 monitor-instances --instance-ids {}", reference.id);
        tally.check(Some(gap(GapKind::NoDetailedMonitoring, what, fix)));
    }
}

fn logs(input: &CoverageInput<'_>, wants: &Wants<'_>, tally: &mut Tally) {
    let (resource, discovered) = (wants.resource, input.discovered);
    let tag = &input.policy.log_groups_tag;
    let expected = wants.kind.is_some_and(|kind| !kind.log_groups.is_empty()) || resource.tags.contains_key(tag);
    if !expected {
        return;
    }
    let candidates = log_group_candidates(resource, input.catalogue, tag);
    let found: Vec<&String> = candidates.iter().filter(|group| discovered.log_groups.contains(*group)).collect();
    let named = resource.tags.get(tag).map_or(0, |value| log_sources_by_tag(value).len());
    let problem = (found.is_empty() || found.len() < named).then(|| {
        let what = if candidates.is_empty() {
            format!("the tag {tag} names no log group")
        } else {
            format!("none of these log groups exists, or not all: {}", candidates.join(", "))
        };
        let arn = quoted(&resource.reference.arn);
        let fix = format!(
            "aws resourcegroupstaggingapi tag-resources --resource-arn-list {arn} --tags {}",
            quoted(&format!("{tag}=<log groups, separated by spaces>"))
        );
        gap(GapKind::NoLogGroup, what, fix)
    });
    tally.check(problem);
    if let Some(endless) = found.iter().find(|group| discovered.kept_for_ever.contains(**group)) {
        let what = format!("the log group {endless} is kept, and paid for, for ever");
        let fix = format!(
            "aws logs put-retention-policy --log-group-name {} --retention-in-days {PROPOSED_RETENTION_DAYS}",
            quoted(endless)
        );
        tally.check(Some(gap(GapKind::NoRetention, what, fix)));
    } else if !found.is_empty() {
        tally.check(None);
    }
}

fn owner(input: &CoverageInput<'_>, wants: &Wants<'_>, tally: &mut Tally) {
    let key = &input.policy.owner_tag;
    let owned =
        wants.resource.tags.iter().any(|(tag, value)| tag.eq_ignore_ascii_case(key) && !value.trim().is_empty());
    tally.check((!owned).then(|| {
        let fix = format!(
            "aws resourcegroupstaggingapi tag-resources --resource-arn-list {} --tags {}",
            quoted(&wants.resource.reference.arn),
            quoted(&format!("{key}=<team>"))
        );
        gap(GapKind::NoOwner, format!("no tag {key} says who answers for it"), fix)
    }));
}

/// As a POSIX shell reads it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
