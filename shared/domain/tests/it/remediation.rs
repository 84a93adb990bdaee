//! Nothing is touched without its owner's consent, and every refusal has its reason.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use nightjar_domain::incident::Incident;
use nightjar_domain::remediation::{
    Action, Announcement, Claim, ClaimState, DeclineReason, FleetState, InstanceState, Mode, Plan, Policy,
    RemediationOutcome, Resume, plan, resume,
};
use nightjar_domain::severity::Severity;
use nightjar_testkit::{at, incident, now, resource};
use proptest::prelude::*;
use rstest::rstest;

const OPT_IN: &str = "aiops:remediate";
const PROTECTED: &str = "aiops:protected";
const COOLDOWN: SignedDuration = SignedDuration::from_mins(60);
const MAX_AGE: SignedDuration = SignedDuration::from_mins(30);

/// A situation in which everything speaks for the action.
struct Situation {
    incident: Incident,
    policy: Policy,
    fleet: FleetState,
}

fn situation() -> Situation {
    let instance =
        InstanceState { state: "running".to_owned(), tags: resource().tags, launched_at: resource().launched_at };
    Situation {
        incident: incident(),
        policy: Policy {
            mode: Mode::Auto,
            opt_in_tag: OPT_IN.to_owned(),
            protected_tag: PROTECTED.to_owned(),
            cooldown: COOLDOWN,
            max_incident_age: MAX_AGE,
        },
        fleet: FleetState { instance: Some(instance), cooldown_until: None },
    }
}

impl Situation {
    fn but(change: impl FnOnce(&mut Self)) -> Self {
        let mut situation = situation();
        change(&mut situation);
        situation
    }

    fn instance(&mut self) -> &mut InstanceState {
        self.fleet.instance.as_mut().unwrap()
    }

    fn plan(&self) -> Plan {
        plan(&self.incident, &self.policy, &self.fleet, now())
    }
}

fn tag(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[test]
fn with_consent_and_in_auto_mode_it_acts() {
    assert_eq!(situation().plan(), Plan::Act(Action::Reboot));
}

#[test]
fn a_dry_run_decides_the_same_and_carries_nothing_out() {
    assert_eq!(Situation::but(|s| s.policy.mode = Mode::DryRun).plan(), Plan::Rehearse(Action::Reboot));
}

#[rstest]
#[case::off(|s: &mut Situation| s.policy.mode = Mode::Off, DeclineReason::SwitchedOff)]
#[case::another_type(
    |s: &mut Situation| s.incident.anomaly.resource.kind = "rds:db".to_owned(),
    DeclineReason::UnsupportedType { resource_type: "rds:db".to_owned() }
)]
#[case::gone(|s: &mut Situation| s.fleet.instance = None, DeclineReason::Gone)]
#[case::protected(
    |s: &mut Situation| s.instance().tags.extend([tag(PROTECTED, "")]),
    DeclineReason::Protected { tag: PROTECTED.to_owned() }
)]
#[case::no_opt_in(
    |s: &mut Situation| { s.instance().tags.remove(OPT_IN); },
    DeclineReason::NotOptedIn { tag: OPT_IN.to_owned(), value: "reboot".to_owned() }
)]
#[case::opted_in_to_something_else(
    |s: &mut Situation| s.instance().tags.extend([tag(OPT_IN, "Reboot")]),
    DeclineReason::NotOptedIn { tag: OPT_IN.to_owned(), value: "reboot".to_owned() }
)]
#[case::stopped(
    |s: &mut Situation| s.instance().state = "stopped".to_owned(),
    DeclineReason::NotRunning { state: "stopped".to_owned() }
)]
#[case::cooling_down(
    |s: &mut Situation| s.fleet.cooldown_until = Some(at("2026-11-21T10:02:01Z")),
    DeclineReason::CoolingDown { until: at("2026-11-21T10:02:01Z") }
)]
#[case::stale(
    |s: &mut Situation| s.incident.anomaly.window_end = now() - MAX_AGE - SignedDuration::from_mins(5),
    DeclineReason::Stale { age_minutes: 35, limit_minutes: 30 }
)]
fn declines(#[case] change: fn(&mut Situation), #[case] expected: DeclineReason) {
    assert_eq!(Situation::but(change).plan(), Plan::Declined(expected.clone()));
    if expected != DeclineReason::SwitchedOff {
        let rehearsal = Situation::but(|s| {
            change(s);
            s.policy.mode = Mode::DryRun;
        });
        assert_eq!(rehearsal.plan(), Plan::Declined(expected), "a dry run declines for the same reason");
    }
}

#[rstest]
#[case::cooldown_ends_now(|s: &mut Situation| s.fleet.cooldown_until = Some(now()))]
#[case::as_old_as_allowed(|s: &mut Situation| s.incident.anomaly.window_end = now() - MAX_AGE)]
fn limits_are_inclusive(#[case] change: fn(&mut Situation)) {
    assert_eq!(Situation::but(change).plan(), Plan::Act(Action::Reboot));
}

fn modes() -> impl Strategy<Value = Mode> {
    prop_oneof![Just(Mode::Off), Just(Mode::DryRun), Just(Mode::Auto)]
}

fn tags() -> impl Strategy<Value = BTreeMap<String, String>> {
    let keys = prop_oneof![Just(OPT_IN), Just(PROTECTED), Just("aiops:Remediate"), Just("remediate"), Just("Name")];
    let values = prop_oneof![Just("reboot"), Just("REBOOT"), Just("reboot "), Just("true"), Just("")];
    proptest::collection::btree_map(keys.prop_map(str::to_owned), values.prop_map(str::to_owned), 0..4)
}

fn fleets() -> impl Strategy<Value = FleetState> {
    let states = prop_oneof![3 => Just("running"), 1 => Just("stopped"), 1 => Just("shutting-down")];
    let instances =
        (states, tags()).prop_map(|(state, tags)| InstanceState { state: state.to_owned(), tags, launched_at: None });
    let cooldowns = proptest::option::of((-90_i64..90).prop_map(|minutes| now() + SignedDuration::from_mins(minutes)));
    (proptest::option::weighted(0.9, instances), cooldowns)
        .prop_map(|(instance, cooldown_until)| FleetState { instance, cooldown_until })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// The promise, spelled out once more and independently of the order in which `plan` asks.
    #[test]
    fn it_acts_exactly_when_everything_allows_it(mode in modes(), fleet in fleets(), age in -10_i64..90) {
        let situation = Situation::but(|s| {
            s.policy.mode = mode;
            s.fleet = fleet.clone();
            s.incident.anomaly.window_end = now() - SignedDuration::from_mins(age);
        });
        let consent = fleet.instance.as_ref().is_some_and(|instance| {
            instance.state == "running"
                && instance.tags.get(OPT_IN).is_some_and(|value| value == "reboot")
                && !instance.tags.contains_key(PROTECTED)
        });
        let quiet = fleet.cooldown_until.is_none_or(|until| until <= now());
        let allowed = consent && quiet && age <= MAX_AGE.as_mins();
        let plan = situation.plan();
        prop_assert_eq!(plan == Plan::Act(Action::Reboot), allowed && mode == Mode::Auto);
        prop_assert_eq!(plan == Plan::Rehearse(Action::Reboot), allowed && mode == Mode::DryRun);
    }
}

fn claim(state: ClaimState) -> Claim {
    Claim {
        incident: incident().id,
        resource_arn: resource().reference.arn,
        state,
        claimed_at: at("2026-11-21T10:00:00Z"),
        lease_until: at("2026-11-21T10:02:00Z"),
        settled_at: None,
        announcement: Announcement::Due,
    }
}

const REBOOT: Action = Action::Reboot;

#[rstest]
#[case::at_work(ClaimState::Started { action: REBOOT }, "2026-11-21T10:01:59Z", Resume::InFlight { until: at("2026-11-21T10:02:00Z") })]
#[case::left_behind(ClaimState::Started { action: REBOOT }, "2026-11-21T10:02:00Z", Resume::OutcomeUnknown { action: REBOOT, since: at("2026-11-21T10:00:00Z") })]
#[case::finished(ClaimState::Finished { action: REBOOT }, "2026-11-21T10:01:00Z", Resume::Settled)]
#[case::failed(ClaimState::Failed { action: REBOOT, error: "denied".to_owned() }, "2026-11-21T11:00:00Z", Resume::Settled)]
#[case::unknown(ClaimState::Unknown { action: REBOOT }, "2026-11-21T11:00:00Z", Resume::Settled)]
#[case::rehearsed(ClaimState::Rehearsed { action: REBOOT }, "2026-11-21T10:01:00Z", Resume::Settled)]
#[case::declined(ClaimState::Declined(DeclineReason::Gone), "2026-11-21T10:01:00Z", Resume::Settled)]
fn a_second_delivery_never_acts(#[case] state: ClaimState, #[case] when: &str, #[case] expected: Resume) {
    assert_eq!(resume(&claim(state), at(when)), expected);
}

#[rstest]
#[case::started(ClaimState::Started { action: REBOOT }, None)]
#[case::finished(ClaimState::Finished { action: REBOOT }, Some((Severity::Critical, true, "The reboot was requested; EC2 accepted it.")))]
#[case::failed(ClaimState::Failed { action: REBOOT, error: "access denied".to_owned() }, Some((Severity::Critical, true, "The reboot failed: access denied. A person has to look.")))]
#[case::unknown(ClaimState::Unknown { action: REBOOT }, Some((Severity::Critical, true, "Nobody knows whether the reboot was carried out: the function stopped in the middle. It is not repeated; a person has to look.")))]
#[case::rehearsed(ClaimState::Rehearsed { action: REBOOT }, Some((Severity::Info, false, "Dry run: a reboot would have been requested.")))]
#[case::declined(ClaimState::Declined(DeclineReason::SwitchedOff), Some((Severity::Info, false, "Nothing was done: remediation is switched off (mode off).")))]
fn an_outcome_says_what_became_of_it(#[case] state: ClaimState, #[case] expected: Option<(Severity, bool, &str)>) {
    let outcome = RemediationOutcome::of(&incident(), &claim(state));
    let told = outcome.as_ref().map(|o| (o.severity, o.is_worth_telling(), o.result.text()));
    assert_eq!(told, expected);
}
