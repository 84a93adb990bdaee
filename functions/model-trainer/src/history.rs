//! Fourteen days of the chosen series, up to midnight.

use jiff::Timestamp;
use nightjar_domain::resource::Resource;
use nightjar_metrics::{LAG, Wanted, fetch, plan};
use nightjar_model::train::{TrainingSeries, split_in_time};

use crate::context::Context;
use crate::sample::{HoldOut, Series, Task};

/// What a task's model is trained on, and what it is compared on.
#[derive(Debug, Clone, Default)]
pub struct History {
    pub training: Vec<TrainingSeries>,
    pub held_out: Vec<TrainingSeries>,
}

const SECONDS_PER_DAY: i64 = 86_400;

/// The last midnight, UTC: every delivery of a day's event sees the same history.
pub fn midnight(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second().div_euclid(SECONDS_PER_DAY) * SECONDS_PER_DAY).unwrap_or(now)
}

/// Reads a task's history. Series without datapoints are left out, and datapoints of maintenance windows.
pub async fn of_task(
    context: &Context,
    resources: &[Resource],
    task: &Task,
    now: Timestamp,
) -> anyhow::Result<History> {
    let series = of_series(context, resources, &task.series, now).await?;
    Ok(match &task.hold_out {
        HoldOut::Series(held_out) => {
            History { training: series, held_out: of_series(context, resources, held_out, now).await? }
        }
        HoldOut::Time => {
            let (training, held_out) = split_in_time(&series);
            History { training, held_out }
        }
    })
}

async fn of_series(
    context: &Context,
    resources: &[Resource],
    series: &[Series],
    now: Timestamp,
) -> anyhow::Result<Vec<TrainingSeries>> {
    let wanted: Vec<Wanted<'_>> = series.iter().map(|one| Wanted { metric: &one.metric, last_at: None }).collect();
    // What is complete `LAG` after midnight is all of the day before.
    let until = midnight(now).checked_add(LAG)?;
    let mut histories = Vec::with_capacity(series.len());
    for batch in plan(&wanted, until) {
        let mut fetched = fetch(&context.cloudwatch, &wanted, &batch).await?;
        for index in batch.series {
            let (Some(mut points), Some(one)) = (fetched.remove(&index), series.get(index)) else { continue };
            if let Some(resource) = resources.iter().find(|resource| resource.reference.id == one.resource_id) {
                points.retain(|point| !context.maintenance.cover(resource, point.at, one.metric.period_seconds));
            }
            histories.push(TrainingSeries {
                name: format!("{} {}", one.resource_id, one.metric.series()),
                period_seconds: one.metric.period_seconds,
                points,
            });
        }
    }
    histories.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(histories)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightjar_testkit::at;

    #[test]
    fn a_day_has_one_midnight() {
        assert_eq!(midnight(at("2026-11-21T00:00:00Z")), at("2026-11-21T00:00:00Z"));
        assert_eq!(midnight(at("2026-11-21T23:59:59Z")), at("2026-11-21T00:00:00Z"));
    }
}
