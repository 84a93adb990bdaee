//! What there is to see after a step: the metric that was abnormal, and the instance's status.

use anyhow::Context as _;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy};
use jiff::Timestamp;
use nightjar_domain::remediation::{Claim, Judgement, Observed, Remembered, judge_replacement};

use crate::context::Context;
use crate::decide;
use crate::handler::Case;

/// Looks at whole periods that began after `since`.
pub async fn observe(context: &Context, case: &Case, since: Timestamp, now: Timestamp) -> anyhow::Result<Observed> {
    let instance = context.fleet.instance(&case.subject.id).await?;
    let wanted = &case.incident.anomaly.metric;
    let dimensions = wanted.dimensions.iter().map(|(name, value)| Dimension::builder().name(name).value(value).build());
    let metric = Metric::builder()
        .namespace(&wanted.namespace)
        .metric_name(&wanted.name)
        .set_dimensions(Some(dimensions.collect()))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(i32::try_from(wanted.period_seconds).unwrap_or(i32::MAX))
        .stat(&wanted.statistic)
        .build();
    let query = MetricDataQuery::builder().id("symptom").metric_stat(stat).return_data(true).build();
    // CloudWatch aligns periods; the first that begins after the step is the first that may show its effect.
    let period = i64::from(wanted.period_seconds.max(1));
    let first = since.as_second().div_euclid(period) * period + period;
    let answer = context
        .cloudwatch
        .get_metric_data()
        .metric_data_queries(query)
        .start_time(DateTime::from_secs(first))
        .end_time(DateTime::from_secs(now.as_second().max(first + period)))
        .scan_by(ScanBy::TimestampAscending)
        .send()
        .await
        .with_context(|| format!("asking for {} again", wanted.series()))?;
    let results = answer.metric_data_results();
    let mut datapoints: Vec<(Timestamp, f64)> = results
        .iter()
        .flat_map(|result| result.timestamps().iter().zip(result.values()))
        .filter_map(|(at, value)| Some((Timestamp::from_second(at.secs()).ok()?, *value)))
        // A period that has not ended may still change.
        .filter(|(at, _)| at.as_second() >= first && at.as_second() + period <= now.as_second())
        .collect();
    datapoints.sort_by_key(|(at, _)| *at);
    Ok(Observed {
        datapoints,
        state: instance.as_ref().map(|instance| instance.state.clone()),
        is_impaired: instance.is_some_and(|instance| instance.is_impaired),
    })
}

/// Whether the instance's group is whole again without it. The group is the one that the ledger noted with the step: the
/// instance itself may be forgotten already.
pub async fn replacement(
    context: &Context,
    case: &Case,
    claim: &Claim,
    settled_by: Timestamp,
    now: Timestamp,
) -> anyhow::Result<Judgement> {
    let ledger = context.remediations.ledger().await?;
    let noted = ledger.acts.iter().rev().find(|act| act.incident == claim.incident);
    let group = match noted.and_then(|act| act.group.as_deref()) {
        Some(name) => context.fleet.group(name).await?,
        None => None,
    };
    Ok(judge_replacement(group.as_ref(), &case.subject.id, settled_by, now))
}

/// Why the instance is not isolated, or the key not inactive; `None` where it is.
pub async fn containment(context: &Context, case: &Case, claim: &Claim) -> anyhow::Result<Option<String>> {
    if claim.current_step().is_some_and(|step| step.action.is_on_user()) {
        let inactive = keys_are_inactive(context, case, claim).await?;
        return Ok((!inactive).then(|| "a key is active again, or gone".to_owned()));
    }
    let quarantine = claim.current_step().and_then(|step| step.security_group.clone());
    let Some(instance) = context.fleet.instance(&case.subject.id).await? else {
        return Ok(Some("the instance no longer exists".to_owned()));
    };
    if instance.security_groups.iter().eq(&quarantine) {
        return Ok(None);
    }
    Ok(Some(format!("its security groups are {}, not that of the quarantine", instance.security_groups.join(", "))))
}

/// Whether every key that the step was about is inactive.
pub async fn keys_are_inactive(context: &Context, case: &Case, claim: &Claim) -> anyhow::Result<bool> {
    let Some(Remembered::AccessKeys { keys, .. }) = claim.remembered() else { return Ok(false) };
    let user = decide::look_at_user(context, case).await?;
    Ok(user.is_some_and(|user| user.are_inactive(keys)))
}
