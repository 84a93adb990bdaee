//! Which scopes are trained, and on which series: bounded, and the same choice on every delivery. Pure.

use std::collections::BTreeMap;

use nightjar_domain::metric::Metric;
use nightjar_domain::models::{ModelScope, Pointer};
use nightjar_domain::resource::Resource;
use sha2::{Digest, Sha256};

/// Series a model is trained on. With a fortnight each they give 45,000 observations, more than a forest's 100 samples of 256 hold.
const TRAINED_ON: usize = 12;
/// Series that it is compared on: each is replayed with both models, which is most of the work.
const HELD_OUT: usize = 6;
/// One resource in four is held out, always the same ones: no model is ever trained on them, today's or yesterday's.
const HELD_OUT_EVERY: u8 = 4;
/// Nothing finer is asked for: five-minute datapoints are what the detector remembers.
const FINEST_PERIOD_SECONDS: u32 = 300;

/// A series: the resource it belongs to, and its metric at the period it is trained at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    pub resource_id: String,
    pub metric: Metric,
}

/// How history is kept from the training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldOut {
    /// Whole series, of resources that are never trained on.
    Series(Vec<Series>),
    /// The last third of each series: there are too few resources.
    Time,
}

/// One model to be trained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub scope: ModelScope,
    pub series: Vec<Series>,
    pub hold_out: HoldOut,
}

/// What to train: every metric, the account, and the resources whose model somebody asked for. The scopes that waited longest come
/// first, so that all have their turn where a run cannot do all.
pub fn tasks(resources: &[Resource], pointers: &BTreeMap<ModelScope, Pointer>) -> Vec<Task> {
    let mut by_scope: BTreeMap<ModelScope, Vec<Series>> = BTreeMap::new();
    for resource in resources {
        let own = ModelScope::Resource(resource.reference.id.clone());
        let asked_for = pointers.get(&own).is_some_and(|pointer| pointer.current.is_some());
        // Other accounts and regions are judged by these models, and not read for them.
        for watched in resource.metrics.iter().filter(|watched| watched.metric.scope.is_none()) {
            let series = Series { resource_id: resource.reference.id.clone(), metric: trained(&watched.metric) };
            by_scope.entry(ModelScope::of_metric(&watched.metric)).or_default().push(series.clone());
            by_scope.entry(ModelScope::Account).or_default().push(series.clone());
            if asked_for {
                by_scope.entry(own.clone()).or_default().push(series);
            }
        }
    }
    let mut tasks: Vec<Task> = by_scope.into_iter().map(|(scope, series)| task(scope, series)).collect();
    tasks.sort_by_cached_key(|task| {
        let considered = pointers.get(&task.scope).and_then(|pointer| pointer.considered.as_ref());
        (considered.map(|candidate| candidate.at), task.scope.clone())
    });
    tasks
}

/// The series of a scope, chosen by digest and divided: when the fleet grows, little changes.
fn task(scope: ModelScope, mut series: Vec<Series>) -> Task {
    series.sort_by_cached_key(|one| digest(&format!("{} {}", one.resource_id, one.metric.series())));
    let (mut held_out, mut rest): (Vec<Series>, Vec<Series>) =
        series.into_iter().partition(|one| is_held_out(&one.resource_id));
    if rest.is_empty() || held_out.is_empty() {
        rest.append(&mut held_out);
        rest.truncate(HELD_OUT);
        return Task { scope, series: rest, hold_out: HoldOut::Time };
    }
    rest.truncate(TRAINED_ON);
    held_out.truncate(HELD_OUT);
    Task { scope, series: rest, hold_out: HoldOut::Series(held_out) }
}

fn is_held_out(resource_id: &str) -> bool {
    digest(resource_id).first().is_some_and(|byte| byte % HELD_OUT_EVERY == 0)
}

fn digest(text: &str) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

fn trained(metric: &Metric) -> Metric {
    Metric { period_seconds: metric.period_seconds.max(FINEST_PERIOD_SECONDS), ..metric.clone() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use nightjar_domain::resource::ResourceRef;
    use nightjar_testkit::{metric, resource, watched_metric};

    fn fleet(count: usize) -> Vec<Resource> {
        (0..count)
            .map(|index| Resource {
                reference: ResourceRef { id: format!("i-{index:017x}"), ..resource().reference },
                ..resource()
            })
            .collect()
    }

    fn ids(series: &[Series]) -> BTreeSet<&str> {
        series.iter().map(|one| one.resource_id.as_str()).collect()
    }

    #[test]
    fn every_metric_and_the_account_are_trained() {
        let scopes: Vec<ModelScope> = tasks(&fleet(3), &BTreeMap::new()).into_iter().map(|task| task.scope).collect();
        assert_eq!(scopes, [ModelScope::of_metric(&metric()), ModelScope::Account]);
        assert_eq!(tasks(&[], &BTreeMap::new()), []);
    }

    #[test]
    fn one_resource_has_its_time_divided() {
        let tasks = tasks(&fleet(1), &BTreeMap::new());
        assert!(tasks.iter().all(|task| task.hold_out == HoldOut::Time && task.series.len() == 1), "{tasks:?}");
    }

    #[test]
    fn a_fine_metric_is_asked_for_at_five_minutes() {
        let mut resource = resource();
        resource.metrics[0].metric.period_seconds = 60;
        assert_eq!(tasks(&[resource], &BTreeMap::new())[0].series[0].metric.period_seconds, 300);
        let hourly = Metric { period_seconds: 3_600, ..watched_metric().metric };
        assert_eq!(trained(&hourly).period_seconds, 3_600);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
        #[test]
        fn a_choice_is_bounded_repeatable_and_never_trains_on_what_is_held_out(count in 1_usize..60, grown in 0_usize..20) {
            let chosen = tasks(&fleet(count), &BTreeMap::new());
            let mut turned = fleet(count);
            turned.reverse();
            proptest::prop_assert_eq!(&chosen, &tasks(&turned, &BTreeMap::new()));
            let later = tasks(&fleet(count + grown), &BTreeMap::new());
            for task in &chosen {
                proptest::prop_assert!(!task.series.is_empty() && task.series.len() <= TRAINED_ON);
                if let HoldOut::Series(held_out) = &task.hold_out {
                    proptest::prop_assert!(!held_out.is_empty() && held_out.len() <= HELD_OUT);
                    for other in &later {
                        proptest::prop_assert!(ids(held_out).is_disjoint(&ids(&other.series)));
                    }
                }
            }
        }
    }
}
