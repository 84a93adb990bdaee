//! Alarms that tell nobody themselves, so that their state is read: those in other accounts and regions, since an alarm can tell a topic
//! of its own region alone, and those that a composite alarm tells for.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm, StateValue};
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::retry::{Failure, classify, explain};
use nightjar_domain::accounts::Scope;
use nightjar_domain::alarm::{AlarmChange, AlarmState, Watched};
use nightjar_domain::coverage::alarm::{is_generated_name, resource_of};
use nightjar_domain::coverage::composites;
use nightjar_domain::metric::Metric;

use crate::context::Context;

/// How long an alarm that went back to OK is told of: runs that failed are made good within it, and what is quiet costs nothing.
const OK_TOLD_FOR: SignedDuration = SignedDuration::from_hours(3);
/// The most that DescribeAlarms answers at once.
const PAGE: i32 = 100;

/// What a change means: where one of Nightjar's own composite alarms changed, the state of each alarm that it tells for, as if each had
/// told it; the change itself where they cannot be read.
pub(crate) async fn behind(context: &Context, change: AlarmChange) -> anyhow::Result<Vec<AlarmChange>> {
    if change.members.is_empty() || !composites::is_generated_name(&context.settings.prefix, &change.name) {
        return Ok(vec![change]);
    }
    let names = change.members.iter().cloned().collect();
    let request = context.metrics.describe_alarms().alarm_types(AlarmType::MetricAlarm).set_alarm_names(Some(names));
    let alarms = match request.max_records(PAGE).send().await {
        Ok(answer) => answer.metric_alarms.unwrap_or_default(),
        // The right goes with the variable, before the composite alarms do: without a metric is better than not at all.
        Err(error) if classify(&error) == Failure::Denied => {
            tracing::error!(
                alarm = change.name,
                problem = explain(&error),
                "the alarms behind a composite alarm cannot be read"
            );
            Vec::new()
        }
        Err(error) => return Err(error).with_context(|| format!("reading the alarms that {} tells for", change.name)),
    };
    let home = &context.settings.home;
    let changes: Vec<_> = alarms.iter().filter_map(|alarm| read_change(alarm, home, None)).collect();
    Ok(if changes.is_empty() { vec![change] } else { changes })
}

/// The state of Nightjar's own alarms elsewhere, as if each had told it, and the first failure. One account or region does not keep
/// the others from being read; one whose role is refused is logged, and stands in the coverage.
pub(crate) async fn elsewhere(context: &Context, now: Timestamp) -> (Vec<AlarmChange>, Option<anyhow::Error>) {
    let (mut changes, mut failure) = (Vec::new(), None);
    for watched in context.scopes.all().into_iter().skip(1).filter(|watched| !watched.leaving) {
        let scope = watched.scope;
        let config = match context.scopes.open(&scope).await {
            Ok(config) => config,
            Err(error) => {
                tracing::error!(%scope, %error, "the alarms of an account or region cannot be read");
                failure = failure.or_else(|| error.may_pass().then(|| error.into()));
                continue;
            }
        };
        match read(&aws_sdk_cloudwatch::Client::new(&config), &context.settings.prefix, &scope, now).await {
            Ok(found) => changes.extend(found),
            Err(error) => {
                tracing::error!(%scope, error = format!("{error:#}"), "the alarms of an account or region cannot be read");
                failure = failure.or(Some(error));
            }
        }
    }
    (changes, failure)
}

async fn read(
    client: &aws_sdk_cloudwatch::Client,
    prefix: &str,
    scope: &Scope,
    now: Timestamp,
) -> anyhow::Result<Vec<AlarmChange>> {
    let mut changes = Vec::new();
    for state in [StateValue::Alarm, StateValue::Ok] {
        let request = client.describe_alarms().alarm_name_prefix(format!("{prefix}-")).state_value(state);
        let mut pages = request.alarm_types(AlarmType::MetricAlarm).max_records(PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.with_context(|| format!("DescribeAlarms in {scope}"))?;
            let own = page.metric_alarms().iter().filter(|alarm| is_own(alarm, prefix));
            let told = own.filter_map(|alarm| read_change(alarm, scope, Some(scope.clone())));
            changes.extend(told.filter(|change| is_news(change, now)));
        }
    }
    Ok(changes)
}

fn is_own(alarm: &MetricAlarm, prefix: &str) -> bool {
    alarm.alarm_name().is_some_and(|name| is_generated_name(prefix, name))
}

/// What is in ALARM is told again and again, and known after the first time.
fn is_news(change: &AlarmChange, now: Timestamp) -> bool {
    match change.state {
        AlarmState::Alarm => true,
        AlarmState::Ok => now.duration_since(change.at) <= OK_TOLD_FOR,
        AlarmState::InsufficientData => false,
    }
}

/// The state of an alarm of `place` as a change; `None` for forms of alarms that Nightjar does not make. `scope` is where its metric is
/// asked for, if not at home.
fn read_change(alarm: &MetricAlarm, place: &Scope, scope: Option<Scope>) -> Option<AlarmChange> {
    let state = match alarm.state_value()? {
        StateValue::Alarm => AlarmState::Alarm,
        StateValue::Ok => AlarmState::Ok,
        _ => AlarmState::InsufficientData,
    };
    // The update is later than the transition where only the reason changed: the change is one all the same.
    let at = alarm.state_transitioned_timestamp().or(alarm.state_updated_timestamp())?;
    let dimensions: BTreeMap<String, String> = alarm
        .dimensions()
        .iter()
        .filter_map(|dimension| Some((dimension.name()?.to_owned(), dimension.value()?.to_owned())))
        .collect();
    let statistic = alarm.statistic().map(|statistic| statistic.as_str().to_owned());
    let metric = Metric {
        namespace: alarm.namespace()?.to_owned(),
        name: alarm.metric_name()?.to_owned(),
        dimensions,
        statistic: alarm.extended_statistic().map(str::to_owned).or(statistic)?,
        period_seconds: u32::try_from(alarm.period()?).ok()?,
        scope,
    };
    Some(AlarmChange {
        name: alarm.alarm_name()?.to_owned(),
        arn: alarm.alarm_arn()?.to_owned(),
        account: place.account.clone(),
        state,
        reason: alarm.state_reason().unwrap_or_default().to_owned(),
        at: Timestamp::from_second(at.secs()).ok()?,
        of: alarm.alarm_description().and_then(resource_of).map(str::to_owned),
        members: BTreeSet::new(),
        watched: Some(Watched {
            metric,
            comparison: alarm.comparison_operator()?.as_str().to_owned(),
            threshold: alarm.threshold(),
        }),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::primitives::DateTime;
    use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
    use rstest::rstest;

    use super::*;

    const NAME: &str = "aiops-work-ApproximateAgeOfOldestMessage-critical-0123456789";

    fn scope() -> Scope {
        "222233334444/eu-west-1".parse().unwrap()
    }

    fn alarm(name: &str) -> MetricAlarm {
        MetricAlarm::builder()
            .alarm_name(name)
            .alarm_arn(format!("arn:aws:cloudwatch:eu-west-1:222233334444:alarm:{name}"))
            .namespace("AWS/SQS")
            .metric_name("ApproximateAgeOfOldestMessage")
            .dimensions(Dimension::builder().name("QueueName").value("work").build())
            .statistic(Statistic::Maximum)
            .period(60)
            .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
            .threshold(3600.0)
            .state_value(StateValue::Alarm)
            .state_transitioned_timestamp(DateTime::from_secs(1_000))
            .state_updated_timestamp(DateTime::from_secs(2_000))
            .build()
    }

    #[test]
    fn a_state_is_read_as_the_change_that_made_it() {
        let change = read_change(&alarm(NAME), &scope(), Some(scope())).unwrap();
        assert_eq!(
            (change.state, change.at.as_second(), change.account.as_str()),
            (AlarmState::Alarm, 1_000, "222233334444")
        );
        let raised = change.anomaly(None);
        assert_eq!(
            raised.metric.series().as_str(),
            "222233334444/eu-west-1|AWS/SQS|ApproximateAgeOfOldestMessage|QueueName=work|Maximum|60"
        );
        assert_eq!(raised.resource.region, "eu-west-1");
    }

    #[rstest]
    #[case::own(NAME, true)]
    #[case::of_another_prefix("other-work-Age-critical-0123456789", false)]
    #[case::by_hand("aiops-mine", false)]
    fn only_our_own_alarms_are_read(#[case] name: &str, #[case] expected: bool) {
        assert_eq!(is_own(&alarm(name), "aiops"), expected);
    }

    #[rstest]
    #[case::firing_for_days(AlarmState::Alarm, 72, true)]
    #[case::ended_just_now(AlarmState::Ok, 1, true)]
    #[case::ended_long_ago(AlarmState::Ok, 4, false)]
    #[case::without_data(AlarmState::InsufficientData, 0, false)]
    fn what_is_over_for_long_is_no_news(#[case] state: AlarmState, #[case] hours: i64, #[case] expected: bool) {
        let told = read_change(&alarm(NAME), &scope(), Some(scope())).unwrap();
        let now = told.at + SignedDuration::from_hours(hours);
        assert_eq!(is_news(&AlarmChange { state, ..told }, now), expected);
    }
}
