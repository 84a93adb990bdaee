//! The difference between the alarms that should be and those that are.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::alarm::{self, AlarmSpec, ExistingAlarm, Level, Ownership};
use super::composites::{self, COMPOSITE_USD_A_MONTH, CompositePlan, Voices};
use super::gaps::{self, ResourceCoverage};
use super::merged::ScopeCoverage;
use super::series::SeriesIndex;
use super::wanted::{self, Wants};
use super::{ALARM_USD_A_MONTH, CoverageInput, Policy, Unread, is_unread};
use crate::accounts::Scope;
use crate::onboarding::FoundResource;
use crate::resource::ResourceRef;

/// So many alarms may always be deleted in one run, however few there are.
const ALWAYS_DELETABLE: usize = 20;

/// What to do, what it costs, and how well everything is covered.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CoveragePlan {
    pub create: Vec<AlarmCreation>,
    pub change: Vec<AlarmChange>,
    pub delete: Vec<AlarmDeletion>,
    pub composites: CompositePlan,
    /// There is more to do once this is done: composite alarms and those that they tell for take turns.
    pub goes_on: bool,
    /// Alarms of others that stand where one of ours should be: never overwritten.
    pub conflicts: Vec<Conflict>,
    /// Alarms whose ownership tag must be read before anything is decided about them.
    pub unproven: Vec<String>,
    /// Deletions that are not made, and why.
    pub held: Vec<AlarmDeletion>,
    /// Wanted, there, and as they should be.
    pub in_force: usize,
    /// Wanted, but more than the deployment allows.
    pub over_cap: usize,
    /// Wanted, but more than the region has room for.
    pub over_quota: usize,
    /// Alarms of the region before and after.
    pub quota: QuotaUse,
    pub usd_a_month: Money,
    pub resources: Vec<ResourceCoverage>,
    pub unread: BTreeSet<Unread>,
    /// Each account and region, where there is more than one.
    pub by_scope: Vec<ScopeCoverage>,
}

/// An alarm to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlarmCreation {
    pub resource: String,
    pub level: Level,
    pub alarm: AlarmSpec,
}

/// An alarm to set right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlarmChange {
    pub resource: String,
    pub level: Level,
    /// As it should be.
    pub alarm: AlarmSpec,
    /// `field: is → should be`.
    pub differences: Vec<String>,
    /// Somebody's switch; it stays as it is.
    pub actions_enabled: bool,
}

/// An alarm to remove.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlarmDeletion {
    pub name: String,
    pub why: String,
    /// Where, if not in the suite's own account and region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "111122223333/eu-west-1")]
    pub scope: Option<Scope>,
}

/// An alarm of somebody else under a name of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Conflict {
    pub name: String,
    pub resource: String,
}

/// Alarms of the region against its quota.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QuotaUse {
    pub limit: usize,
    pub now: usize,
    pub after: usize,
}

/// What Nightjar's alarms cost a month, in USD.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Money {
    pub now: f64,
    pub after: f64,
}

impl CoveragePlan {
    /// How many alarms are to be made, set right and removed.
    pub fn steps(&self) -> usize {
        self.create.len() + self.change.len() + self.delete.len() + self.composites.steps()
    }

    /// Mean score of all resources, 0 to 100; 100 without any.
    pub fn score(&self) -> u8 {
        gaps::overall(&self.resources)
    }
}

/// What became of a wanted alarm.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate<'a> {
    InForce(&'a ExistingAlarm),
    Create,
    Change(&'a ExistingAlarm),
    Conflict,
    Unproven,
    OverCap,
    OverQuota,
}

/// Plans. Pure, and stable: what it says to do, done, leaves nothing to do.
pub fn plan_coverage(input: CoverageInput<'_>) -> CoveragePlan {
    let suite = suite(input.policy);
    let ours = |name: &str| alarm::is_generated_name(&input.policy.prefix, name);
    let index = series_index(&input, ours);
    let resources = input.discovered.resources.iter().chain((!input.policy.elsewhere).then_some(&suite));
    let mut wants: Vec<Wants<'_>> =
        resources.map(|resource| wanted::wants(resource, input.catalogue, &index, input.policy)).collect();
    let voices = Voices::new(&input);
    for wants in &mut wants {
        voices.silence(wants);
    }
    let existing: HashMap<&str, &ExistingAlarm> = input.existing.iter().map(|e| (e.spec.name.as_str(), e)).collect();

    let mut fates = decide(&wants, &existing, input.policy.max_alarms);
    let mut plan = CoveragePlan { unread: input.discovered.unread.clone(), ..CoveragePlan::default() };
    deletions(&input, &wants, &fates, ours, &mut plan);
    let now = input.others + input.existing.len();
    let room = input.policy.quota.saturating_sub(now - plan.delete.len());
    respect_quota(&mut fates, &wants, room);
    fill_in(&wants, &fates, &mut plan);

    composites::plan(&input, &wants, &fates, &mut plan);

    let growth = plan.create.len() as isize - plan.delete.len() as isize;
    let after = now.saturating_add_signed(growth + plan.composites.growth());
    plan.quota = QuotaUse { limit: input.policy.quota, now, after };
    let paid = input.existing.iter().filter(|e| ours(&e.spec.name) && e.ownership != Ownership::Foreign).count();
    let composites = composites::own(&input).count();
    plan.usd_a_month = Money {
        now: usd(paid, composites),
        after: usd(paid.saturating_add_signed(growth), composites.saturating_add_signed(plan.composites.growth())),
    };
    plan.resources = wants.iter().zip(&fates).map(|(wants, fates)| gaps::coverage(&input, wants, fates)).collect();
    plan
}

/// The suite itself is watched, too: an alarm when it goes quiet.
pub(super) fn suite(policy: &Policy) -> FoundResource {
    let mut parts = policy.ops_topic.split(':').skip(3);
    let (region, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    FoundResource {
        reference: ResourceRef {
            arn: format!("nightjar:{}", policy.prefix),
            id: policy.prefix.clone(),
            kind: "nightjar:suite".to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            name: None,
        },
        tags: BTreeMap::new(),
        state: "exists".to_owned(),
        launched_at: None,
        neighbours: BTreeMap::new(),
        details: BTreeMap::new(),
    }
}

/// Listed series, and those that our alarms watch already: an agent that has died publishes nothing, and its alarm must not
/// be removed for that.
pub(super) fn series_index<'a>(input: &CoverageInput<'a>, ours: impl Fn(&str) -> bool) -> SeriesIndex<'a> {
    let listed = input.discovered.listed_metrics.iter();
    let listed = listed.map(|row| (row.namespace.as_str(), row.name.as_str(), &row.dimensions));
    let watched = input.existing.iter().map(|existing| &existing.spec).filter(|spec| ours(&spec.name));
    let watched = watched.map(|spec| (spec.namespace.as_str(), spec.metric.as_str(), &spec.dimensions));
    SeriesIndex::new(listed.chain(watched))
}

fn usd(alarms: usize, composites: usize) -> f64 {
    // In cents first, so that sums read as money.
    ((alarms as f64 * ALARM_USD_A_MONTH + composites as f64 * COMPOSITE_USD_A_MONTH) * 100.0).round() / 100.0
}

type Fates<'a> = Vec<Vec<Fate<'a>>>;

fn decide<'a>(wants: &[Wants<'_>], existing: &HashMap<&str, &'a ExistingAlarm>, cap: usize) -> Fates<'a> {
    let mut fates: Fates<'a> = wants
        .iter()
        .map(|wants| {
            let fate = |wanted: &wanted::Wanted<'_>| match existing.get(wanted.spec.name.as_str()) {
                None => Fate::Create,
                Some(there) if there.ownership == Ownership::Foreign => Fate::Conflict,
                Some(there) if there.spec == wanted.spec => Fate::InForce(there),
                Some(there) if there.ownership == Ownership::Ours => Fate::Change(there),
                Some(_) => Fate::Unproven,
            };
            wants.alarms.iter().map(fate).collect()
        })
        .collect();
    let ranked = ranked(wants, &fates, |fate| !matches!(fate, Fate::Conflict));
    for (resource, alarm) in ranked.into_iter().skip(cap) {
        fates[resource][alarm] = Fate::OverCap;
    }
    fates
}

/// Who is served first when not all can be: critical before warning, what is there before what is new (so that a plan that
/// was carried out stands), then by name.
fn ranked(wants: &[Wants<'_>], fates: &Fates<'_>, counts: impl Fn(&Fate<'_>) -> bool) -> Vec<(usize, usize)> {
    let all = fates.iter().enumerate().flat_map(|(r, of)| of.iter().enumerate().map(move |(a, fate)| (r, a, fate)));
    let mut ranked: Vec<(usize, usize)> = all.filter(|(_, _, fate)| counts(fate)).map(|(r, a, _)| (r, a)).collect();
    ranked.sort_by_cached_key(|(r, a)| {
        let wanted = &wants[*r].alarms[*a];
        (wanted.level, matches!(fates[*r][*a], Fate::Create), wanted.spec.name.clone())
    });
    ranked
}

fn respect_quota(fates: &mut Fates<'_>, wants: &[Wants<'_>], room: usize) {
    let creations = fates.iter().flatten().filter(|fate| matches!(fate, Fate::Create)).count();
    if creations > room {
        let ranked = ranked(wants, fates, |fate| matches!(fate, Fate::Create));
        for (resource, alarm) in ranked.into_iter().skip(room) {
            fates[resource][alarm] = Fate::OverQuota;
        }
    }
}

fn deletions(
    input: &CoverageInput<'_>,
    wants: &[Wants<'_>],
    fates: &Fates<'_>,
    ours: impl Fn(&str) -> bool,
    plan: &mut CoveragePlan,
) {
    let all = || wants.iter().zip(fates).flat_map(|(wants, fates)| wants.alarms.iter().zip(fates));
    let over_cap: HashSet<&str> =
        all().filter(|(_, fate)| matches!(fate, Fate::OverCap)).map(|(w, _)| w.spec.name.as_str()).collect();
    let wanted: HashSet<&str> = all().map(|(w, _)| w.spec.name.as_str()).collect();
    let known: HashSet<&str> = wants.iter().map(|wants| wants.resource.reference.arn.as_str()).collect();
    let (mut candidates, mut owned) = (Vec::new(), 0);
    for existing in input.existing {
        let name = existing.spec.name.as_str();
        if !ours(name) || existing.ownership == Ownership::Foreign {
            continue;
        }
        owned += 1;
        let over = over_cap.contains(name);
        if wanted.contains(name) && !over {
            continue;
        }
        if existing.ownership == Ownership::Unknown {
            plan.unproven.push(name.to_owned());
            continue;
        }
        let resource = alarm::resource_of(&existing.spec.description);
        let scope = &input.discovered.scope;
        let deletion = |why: String| AlarmDeletion { name: name.to_owned(), why, scope: scope.clone() };
        match resource {
            _ if over => candidates.push(deletion(format!("more than the {} allowed", input.policy.max_alarms))),
            Some(arn) if known.contains(arn) => {
                candidates.push(deletion("the catalogue or a tag wants it no longer".to_owned()));
            }
            Some(arn) => match unread_for(input, arn) {
                None => candidates.push(deletion(format!("{arn} is gone, or no longer monitored"))),
                Some(why) => plan.held.push(deletion(why)),
            },
            None if input.discovered.unread.is_empty() => {
                candidates.push(deletion("nobody knows what it is for: its description was changed".to_owned()));
            }
            None => plan.held.push(deletion("not everything could be read".to_owned())),
        }
    }
    if candidates.len() > ALWAYS_DELETABLE.max(owned / 2) && !input.policy.allow_mass_deletion {
        let why = format!(
            "{} of {owned} alarms at once look like a mistake; if they are none: nightjar alarms apply --allow-mass-deletion",
            candidates.len()
        );
        plan.held.extend(candidates.into_iter().map(|deletion| AlarmDeletion { why: why.clone(), ..deletion }));
    } else {
        plan.delete = candidates;
    }
    plan.delete.sort();
}

/// Why nothing is known about a resource that was not found.
pub(super) fn unread_for(input: &CoverageInput<'_>, arn: &str) -> Option<String> {
    let kind = super::arn::found(arn, BTreeMap::new(), ("", "")).map(|found| found.reference.kind);
    let unread = match kind {
        Some(kind) => is_unread(&input.discovered.unread, &kind),
        None => !input.discovered.unread.is_empty(),
    };
    unread.then(|| format!("whether {arn} is gone could not be read"))
}

fn fill_in(wants: &[Wants<'_>], fates: &Fates<'_>, plan: &mut CoveragePlan) {
    for (wants, fates) in wants.iter().zip(fates) {
        let resource = &wants.resource.reference.arn;
        for (wanted, fate) in wants.alarms.iter().zip(fates) {
            let (resource, level, alarm) = (resource.clone(), wanted.level, &wanted.spec);
            match fate {
                Fate::InForce(_) => plan.in_force += 1,
                Fate::Create => plan.create.push(AlarmCreation { resource, level, alarm: alarm.clone() }),
                Fate::Change(there) => plan.change.push(AlarmChange {
                    resource,
                    level,
                    alarm: alarm.clone(),
                    differences: there.spec.differences(alarm),
                    actions_enabled: there.actions_enabled,
                }),
                Fate::Conflict => plan.conflicts.push(Conflict { name: alarm.name.clone(), resource }),
                Fate::Unproven => plan.unproven.push(alarm.name.clone()),
                Fate::OverCap => plan.over_cap += 1,
                Fate::OverQuota => plan.over_quota += 1,
            }
        }
    }
    // What a person is called for comes first: a run that is cut off has made those.
    plan.create.sort_by(|a, b| (a.level, &a.alarm.name).cmp(&(b.level, &b.alarm.name)));
}
