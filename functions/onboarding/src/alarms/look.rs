//! Which alarms there are, and whose they are.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{AlarmType, CompositeAlarm, MetricAlarm, StateValue};
use jiff::Timestamp;
use nightjar_aws::retry::{Failure, classify, explain};
use nightjar_domain::catalogue::{Comparison, MissingData};
use nightjar_domain::coverage::composites::{is_generated_name, members_of};
use nightjar_domain::coverage::{
    AlarmSpec, AlarmState, CompositeSpec, ExistingAlarm, ExistingComposite, Ownership, Policy, Unread,
};

/// The most that DescribeAlarms answers at once.
const PAGE: i32 = 100;

/// The region's alarms.
#[derive(Debug, Default)]
pub struct Existing {
    /// Those whose names begin with the suite's prefix.
    pub with_prefix: Vec<ExistingAlarm>,
    /// Composite alarms with names that Nightjar gives them.
    pub composites: Vec<ExistingComposite>,
    /// Their ARNs, by name: tags are asked for by ARN.
    pub arns: BTreeMap<String, String>,
    /// How many others there are; composite alarms are among them.
    pub others: usize,
}

/// All alarms of the region: 100 a call. `Err` within where access is denied.
pub async fn read(client: &Client, policy: &Policy) -> anyhow::Result<Result<Existing, Unread>> {
    let mut existing = Existing::default();
    let types = Some(vec![AlarmType::MetricAlarm, AlarmType::CompositeAlarm]);
    let mut pages = client.describe_alarms().set_alarm_types(types).max_records(PAGE).into_paginator().send();
    let prefix = format!("{}-", policy.prefix);
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error) if classify(&error) == Failure::Denied => {
                let problem = explain(&error);
                return Ok(Err(Unread { source: "cloudwatch:DescribeAlarms".to_owned(), problem, scope: None }));
            }
            Err(error) => return Err(error).context("reading the alarms"),
        };
        existing.others += page.composite_alarms().len();
        for alarm in page.composite_alarms() {
            let name = alarm.alarm_name().unwrap_or_default();
            if is_generated_name(&policy.prefix, name) {
                let arn = alarm.alarm_arn().unwrap_or_default().to_owned();
                existing.arns.insert(name.to_owned(), arn);
                existing.composites.extend(composite(alarm));
            }
        }
        for alarm in page.metric_alarms() {
            let name = alarm.alarm_name().unwrap_or_default();
            match name.starts_with(&prefix).then(|| described(alarm)).flatten() {
                Some(described) => {
                    let arn = alarm.alarm_arn().unwrap_or_default().to_owned();
                    existing.arns.insert(name.to_owned(), arn);
                    existing.with_prefix.push(described);
                }
                None => existing.others += 1,
            }
        }
    }
    Ok(Ok(existing))
}

/// Reads the tags of the named alarms, and with them whose they are. What was deleted meanwhile is left out.
pub async fn own(client: &Client, policy: &Policy, names: &[String], existing: &mut Existing) -> anyhow::Result<()> {
    let (key, value) = policy.ownership_tag();
    let (mut ours, mut gone, mut foreign) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for name in names {
        let arn = existing.arns.get(name).cloned().unwrap_or_default();
        let answer = client.list_tags_for_resource().resource_arn(arn).send().await;
        match answer {
            Ok(answer) if answer.tags().iter().any(|tag| tag.key() == Some(&key) && tag.value() == Some(&value)) => {
                ours.insert(name);
            }
            Ok(_) => _ = foreign.insert(name),
            Err(error) if classify(&error) == Failure::NotFound => _ = gone.insert(name),
            // Without its tags an alarm is nobody's to touch.
            Err(error) if classify(&error) == Failure::Denied => {
                tracing::error!(
                    problem = explain(&error),
                    "the tags of alarms cannot be read: none is changed or deleted"
                );
                break;
            }
            Err(error) => return Err(error).with_context(|| format!("reading the tags of the alarm {name}")),
        }
    }
    existing.with_prefix.retain(|alarm| !gone.contains(&alarm.spec.name));
    existing.composites.retain(|composite| !gone.contains(&composite.spec.name));
    let alarms = existing.with_prefix.iter_mut().map(|alarm| (&alarm.spec.name, &mut alarm.ownership));
    let composites = existing.composites.iter_mut().map(|composite| (&composite.spec.name, &mut composite.ownership));
    for (name, ownership) in alarms.chain(composites) {
        if ours.contains(name) {
            *ownership = Ownership::Ours;
        } else if foreign.contains(name) {
            *ownership = Ownership::Foreign;
        }
    }
    Ok(())
}

fn composite(alarm: &CompositeAlarm) -> Option<ExistingComposite> {
    Some(ExistingComposite {
        spec: CompositeSpec {
            name: alarm.alarm_name()?.to_owned(),
            description: alarm.alarm_description().unwrap_or_default().to_owned(),
            members: members_of(alarm.alarm_rule().unwrap_or_default()),
            alarm_actions: alarm.alarm_actions().to_vec(),
            ok_actions: alarm.ok_actions().to_vec(),
        },
        actions_enabled: alarm.actions_enabled().unwrap_or(true),
        ownership: Ownership::Unknown,
    })
}

/// `None` for alarms of forms that Nightjar does not make: metric math, anomaly bands.
fn described(alarm: &MetricAlarm) -> Option<ExistingAlarm> {
    let dimensions = alarm.dimensions().iter();
    let dimensions = dimensions.filter_map(|d| Some((d.name()?.to_owned(), d.value()?.to_owned()))).collect();
    let statistic = alarm.statistic().map(|statistic| statistic.as_str().to_owned());
    let periods = whole(alarm.evaluation_periods()?)?;
    Some(ExistingAlarm {
        spec: AlarmSpec {
            name: alarm.alarm_name()?.to_owned(),
            description: alarm.alarm_description().unwrap_or_default().to_owned(),
            namespace: alarm.namespace()?.to_owned(),
            metric: alarm.metric_name()?.to_owned(),
            dimensions,
            statistic: alarm.extended_statistic().map(str::to_owned).or(statistic)?,
            period_seconds: whole(alarm.period()?)?,
            datapoints_to_alarm: alarm.datapoints_to_alarm().and_then(whole).unwrap_or(periods),
            evaluation_periods: periods,
            comparison: Comparison::from_operator(alarm.comparison_operator()?.as_str())?,
            threshold: alarm.threshold()?,
            missing_data: alarm.treat_missing_data().map_or(Some(MissingData::Missing), MissingData::from_treatment)?,
            alarm_actions: alarm.alarm_actions().to_vec(),
            ok_actions: alarm.ok_actions().to_vec(),
        },
        actions_enabled: alarm.actions_enabled().unwrap_or(true),
        state: match alarm.state_value() {
            Some(StateValue::Alarm) => AlarmState::Alarm,
            Some(StateValue::Ok) => AlarmState::Ok,
            _ => AlarmState::InsufficientData,
        },
        state_since: alarm
            .state_updated_timestamp()
            .and_then(|at| Timestamp::from_second(at.secs()).ok())
            .unwrap_or(Timestamp::MAX),
        ownership: Ownership::Unknown,
    })
}

fn whole(number: i32) -> Option<u32> {
    u32::try_from(number).ok()
}
