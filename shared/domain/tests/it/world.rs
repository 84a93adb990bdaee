//! A region as CloudWatch has it, for the tests of plans: what a plan says is done to it as CloudWatch would.

use std::collections::BTreeMap;

use nightjar_domain::catalogue::Catalogue;
use nightjar_domain::coverage::{
    AlarmState, CoverageInput, CoveragePlan, ExistingAlarm, ExistingComposite, GapKind, Level, Ownership, Policy, arn,
    plan_coverage,
};
use nightjar_domain::onboarding::{Discovered, FoundResource, ListedMetric};
use nightjar_testkit::{at, now};
use proptest::prelude::*;

pub(crate) const HOME: (&str, &str) = ("111122223333", "eu-west-1");
pub(crate) const INSTANCE: &str = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60718";
pub(crate) const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:work";

#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) catalogue: Catalogue,
    pub(crate) discovered: Discovered,
    pub(crate) existing: Vec<ExistingAlarm>,
    pub(crate) composites: Vec<ExistingComposite>,
    pub(crate) others: usize,
    pub(crate) policy: Policy,
}

impl World {
    pub(crate) fn new(resources: &[(&str, &[(&str, &str)])]) -> Self {
        let resources = resources.iter().map(|(arn, tags)| resource(arn, tags)).collect();
        Self {
            catalogue: Catalogue::bundled().unwrap(),
            discovered: Discovered { resources, ..Discovered::default() },
            existing: Vec::new(),
            composites: Vec::new(),
            others: 0,
            policy: Policy {
                prefix: "aiops".to_owned(),
                alarms_topic: "arn:aws:sns:eu-west-1:111122223333:aiops-alarms".to_owned(),
                ops_topic: "arn:aws:sns:eu-west-1:111122223333:aiops-ops".to_owned(),
                max_alarms: 500,
                quota: 5000,
                owner_tag: "Owner".to_owned(),
                log_groups_tag: "aiops:log-groups".to_owned(),
                allow_mass_deletion: false,
                composites: false,
                elsewhere: false,
            },
        }
    }

    pub(crate) fn input(&self) -> CoverageInput<'_> {
        CoverageInput {
            discovered: &self.discovered,
            catalogue: &self.catalogue,
            existing: &self.existing,
            composites: &self.composites,
            others: self.others,
            policy: &self.policy,
            now: now(),
        }
    }

    pub(crate) fn plan(&self) -> CoveragePlan {
        plan_coverage(self.input())
    }

    /// Does the first `steps` of what the plan says, as CloudWatch would.
    pub(crate) fn apply(&mut self, plan: &CoveragePlan, steps: usize) {
        let mut left = steps;
        let mut step = || {
            left = left.saturating_sub(1);
            left > 0
        };
        for deletion in &plan.delete {
            if step() {
                let names_it = |composite: &ExistingComposite| composite.spec.members.contains(&deletion.name);
                assert!(!self.composites.iter().any(names_it), "CloudWatch refuses to delete {}", deletion.name);
                self.existing.retain(|existing| existing.spec.name != deletion.name);
            }
        }
        for creation in &plan.create {
            if step() {
                self.existing.push(there(creation.alarm.clone(), Ownership::Ours));
            }
        }
        for change in &plan.change {
            if step() {
                let existing = self.existing.iter_mut().find(|existing| existing.spec.name == change.alarm.name);
                existing.unwrap().spec = change.alarm.clone();
            }
        }
        for put in &plan.composites.put {
            let is_there = |name: &String| self.existing.iter().any(|existing| existing.spec.name == *name);
            if step() && put.composite.members.iter().all(is_there) {
                self.composites.retain(|composite| composite.spec.name != put.composite.name);
                let (spec, actions_enabled) = (put.composite.clone(), put.actions_enabled);
                self.composites.push(ExistingComposite { spec, actions_enabled, ownership: Ownership::Ours });
            }
        }
        for deletion in &plan.composites.delete {
            if step() {
                self.composites.retain(|composite| composite.spec.name != deletion.name);
            }
        }
    }

    pub(crate) fn applied(mut self) -> Self {
        let plan = self.plan();
        self.apply(&plan, usize::MAX);
        self
    }

    pub(crate) fn gaps(&self, arn: &str) -> Vec<GapKind> {
        let plan = self.plan();
        let of = plan.resources.iter().find(|covered| covered.resource.arn == arn).unwrap();
        of.gaps.iter().map(|gap| gap.kind).collect()
    }
}

pub(crate) fn there(spec: nightjar_domain::coverage::AlarmSpec, ownership: Ownership) -> ExistingAlarm {
    ExistingAlarm {
        spec,
        actions_enabled: true,
        state: AlarmState::Ok,
        state_since: at("2026-11-01T00:00:00Z"),
        ownership,
    }
}

pub(crate) fn resource(arn: &str, tags: &[(&str, &str)]) -> FoundResource {
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    arn::found(arn, tags, HOME).unwrap()
}

pub(crate) fn listed(namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> ListedMetric {
    let dimensions = dimensions.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    ListedMetric { namespace: namespace.to_owned(), name: name.to_owned(), dimensions }
}

/// (metric, level, threshold) of the alarms to make on a resource.
pub(crate) fn made<'a>(plan: &'a CoveragePlan, arn: &str) -> Vec<(&'a str, Level, f64)> {
    let of = plan.create.iter().filter(|creation| creation.resource == arn);
    of.map(|creation| (creation.alarm.metric.as_str(), creation.level, creation.alarm.threshold)).collect()
}

/// Kinds of resources that the property tests mix.
const ARNS: [&str; 6] = [
    "arn:aws:ec2:eu-west-1:111122223333:instance/i-",
    "arn:aws:sqs:eu-west-1:111122223333:q",
    "arn:aws:lambda:eu-west-1:111122223333:function:f",
    "arn:aws:dynamodb:eu-west-1:111122223333:table/t",
    "arn:aws:s3:::b",
    "arn:aws:states:eu-west-1:111122223333:stateMachine:s",
];

pub(crate) fn any_world() -> impl Strategy<Value = World> {
    let tag = prop_oneof![
        Just(("aiops:alarms", "all")),
        Just(("aiops:alarms", "off")),
        Just(("aiops:alarms", "???")),
        Just(("aiops:alarm:CPUUtilization", "critical=50 warning=40")),
        Just(("aiops:alarm:Errors", "critical=0")),
        Just(("Owner", "shop")),
    ];
    let drawn = (0..ARNS.len(), 0..8_u8, prop::collection::vec(tag, 0..3));
    let foreign = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    (prop::collection::vec(drawn, 0..12), foreign, 0..40_usize, prop::bool::ANY).prop_map(
        |(resources, foreign, cap, allow)| {
            let mut world = World::new(&[]);
            let mut by_arn = BTreeMap::new();
            for (kind, number, tags) in resources {
                let arn = format!("{}{number}", ARNS[kind]);
                by_arn.insert(arn.clone(), resource(&arn, &tags));
            }
            world.discovered.resources = by_arn.into_values().collect();
            world.policy.max_alarms = cap;
            world.policy.allow_mass_deletion = allow;
            let plan = world.plan();
            for index in foreign {
                if !plan.create.is_empty() {
                    let mut spec = index.get(&plan.create).alarm.clone();
                    spec.threshold = -1.0;
                    if !world.existing.iter().any(|existing| existing.spec.name == spec.name) {
                        world.existing.push(there(spec, Ownership::Foreign));
                    }
                }
            }
            world
        },
    )
}
