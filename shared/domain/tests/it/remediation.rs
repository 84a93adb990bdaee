//! Nothing is touched without its owner's consent, and every refusal has its reason.

use jiff::SignedDuration;
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::{Incident, Status};
use nightjar_domain::maintenance::MaintenanceWindows;
use nightjar_domain::remediation::{
    Act, Action, Announcement, BELTS, Bounds, CannotUndo, Claim, ClaimState, Control, DeclineReason, FleetState,
    Freeze, GROUP_TAG, GroupState, InstanceState, Judgement, Member, Mode, Observed, OpenRun, Plan, Policies,
    PoliciesDocument, RemediationOutcome, Remembered, Resume, Run, Situation, Step, Stop, Ticket, explain, judge,
    judge_replacement, plan, resume,
};
use nightjar_domain::severity::Severity;
use nightjar_testkit::{at, incident, now, resource, security_incident};
use rstest::rstest;

const OPT_IN: &str = "aiops:remediate";
const PROTECTED: &str = "aiops:never-touch";
const PRODUCT: &str = "aiops:product";

/// A situation in which everything speaks for the action.
#[derive(Clone)]
struct World {
    incident: Incident,
    policies: Policies,
    fleet: FleetState,
}

fn world() -> World {
    let mut tags = resource().tags;
    tags.extend([tag(GROUP_TAG, "web"), tag(PRODUCT, "shop")]);
    let instance = InstanceState {
        state: "running".to_owned(),
        tags,
        launched_at: resource().launched_at,
        root_device: Some("ebs".to_owned()),
        volumes: vec!["vol-1".to_owned()],
        ..InstanceState::default()
    };
    let bounds = Bounds {
        mode: Mode::Auto,
        opt_in_tag: OPT_IN.to_owned(),
        protected_tag: PROTECTED.to_owned(),
        product_tag: PRODUCT.to_owned(),
        cooldown: SignedDuration::from_mins(60),
        max_incident_age: SignedDuration::from_mins(30),
        min_instance_age: SignedDuration::from_mins(15),
    };
    let maintenance = MaintenanceWindows::default();
    let policies = Policies { bounds, document: PoliciesDocument::bundled().unwrap(), maintenance };
    let fleet = FleetState { instance: Some(instance), product_members: 8, ..FleetState::default() };
    World { incident: incident(), policies, fleet }
}

impl World {
    fn instance(&mut self) -> &mut InstanceState {
        self.fleet.instance.as_mut().unwrap()
    }

    /// The runbook of the policy that is meant for the incident.
    fn runbook(&mut self) -> &mut Vec<Step> {
        &mut self.policies.document.policies.last_mut().unwrap().runbook
    }

    /// A world in which everything speaks for this step.
    fn plan_for(&mut self, action: Action) {
        let id = self.incident.anomaly.resource.id.clone();
        let member = |id: String| Member { instance: id, lifecycle: "InService".to_owned(), is_healthy: true };
        self.fleet.group = Some(GroupState {
            name: "web".to_owned(),
            tags: [tag(OPT_IN, "asg_replace scale_out")].into(),
            min: 1,
            max: 5,
            desired: 3,
            members: vec![member(id), member("i-2".to_owned()), member("i-3".to_owned())],
            suspended: Vec::new(),
        });
        let instance = self.instance();
        instance.tags.extend([tag(OPT_IN, "isolate ssm_document asg_replace scale_out")]);
        if !action.is_on_group() {
            instance.tags.remove(GROUP_TAG);
        }
        instance.security_groups = vec!["sg-1".to_owned(), "sg-2".to_owned()];
        instance.network_interfaces = 1;
        instance.is_managed = true;
        let mut step = Step::from(action);
        step.security_group = (action == Action::Isolate).then(|| "sg-9".to_owned());
        step.document = (action == Action::SsmDocument).then(|| "restart".to_owned());
        *self.runbook() = vec![step];
    }

    fn group(&mut self) -> &mut GroupState {
        self.fleet.group.as_mut().unwrap()
    }

    fn plan(&self) -> Plan {
        plan(&self.incident, &self.policies, &self.fleet, now())
    }

    fn act(&mut self, other: &str, change: impl FnOnce(&mut Act)) {
        let mut act = Act {
            incident: IncidentId::derive(&[other]),
            resource_arn: other.to_owned(),
            action: Action::Reboot,
            group: None,
            product: None,
            at: now(),
            open: true,
        };
        change(&mut act);
        self.fleet.ledger.acts.push(act);
    }
}

/// A maintenance window of a minute, over everything.
fn window(from: jiff::Timestamp) -> MaintenanceWindows {
    let json = serde_json::json!({ "windows": [{
        "name": "move", "why": "a test", "resources": { "all": true },
        "when": { "once": { "from": from, "until": from + minutes(1) } },
    }] });
    MaintenanceWindows::parse(&json.to_string()).unwrap()
}

fn tag(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

#[test]
fn with_consent_and_in_auto_mode_it_acts() {
    let Plan::Planned { policy, steps, mode } = world().plan() else { panic!("{:?}", world().plan()) };
    assert_eq!((policy.as_str(), mode), ("restart-unwell-instance", Mode::Auto));
    assert_eq!(steps, [Step::from(Action::Reboot)]);
}

#[test]
fn a_policy_lowers_the_mode_and_never_raises_it() {
    for (deployment, own, expected) in [
        (Mode::Auto, Mode::Approve, Mode::Approve),
        (Mode::DryRun, Mode::Auto, Mode::DryRun),
        (Mode::Approve, Mode::DryRun, Mode::DryRun),
    ] {
        let mut world = world();
        world.policies.bounds.mode = deployment;
        world.policies.document.policies.iter_mut().for_each(|policy| policy.mode = Some(own));
        assert!(matches!(world.plan(), Plan::Planned { mode, .. } if mode == expected));
    }
}

/// Also where everything else speaks for the action: the story alone decides.
#[test]
fn a_security_incident_is_left_to_people() {
    for change in [(|world: &mut World| world.incident = security_incident()) as fn(&mut World), |world| {
        world.incident.security = security_incident().security;
    }] {
        let mut world = world();
        change(&mut world);
        assert_eq!(world.plan(), Plan::Declined { reason: DeclineReason::SecurityIncident });
    }
}

/// For each belt, a situation in which that belt, and no other, stops the act.
#[rstest]
#[case::kill_switch("kill_switch", |w: &mut World| {
    w.fleet.control = Control { stopped: Some(Stop { by: "ops".to_owned(), at: now(), why: "drill".to_owned() }), resumed: None };
})]
#[case::mode("mode", |w: &mut World| w.policies.bounds.mode = Mode::Off)]
#[case::resolved("incident_open", |w: &mut World| w.fleet.incident_status = Some(Status::Resolved))]
#[case::another_type("supported_type", |w: &mut World| {
    w.incident.anomaly.resource.kind = "rds:db".to_owned();
    w.policies.document.policies.last_mut().unwrap().matches.resource_types.clear();
})]
#[case::gone("exists", |w: &mut World| w.fleet.instance = None)]
#[case::protected("protected", |w: &mut World| w.instance().tags.extend([tag(PROTECTED, "")]))]
#[case::no_opt_in("opt_in", |w: &mut World| { w.instance().tags.remove(OPT_IN); })]
#[case::opted_in_to_something_else("opt_in", |w: &mut World| w.instance().tags.extend([tag(OPT_IN, "Reboot")]))]
#[case::consent_to_a_reboot_is_none_to_a_stop("opt_in", |w: &mut World| {
    w.instance().tags.remove(GROUP_TAG);
    w.runbook()[0].action = Action::StopStart;
})]
#[case::stopped("running", |w: &mut World| w.instance().state = "stopped".to_owned())]
#[case::terminating("running", |w: &mut World| w.instance().state = "shutting-down".to_owned())]
#[case::scheduled("scheduled_event", |w: &mut World| w.instance().scheduled_events.push("system-reboot".to_owned()))]
#[case::restarting("restarting", |w: &mut World| w.instance().is_initializing = true)]
#[case::new("too_young", |w: &mut World| w.instance().launched_at = Some(now() - minutes(14)))]
#[case::stale("stale", |w: &mut World| w.incident.anomaly.window_end = now() - minutes(31))]
#[case::unsure("confidence", |w: &mut World| w.incident.finding.causes[0].confidence = 0.49)]
#[case::no_cause("confidence", |w: &mut World| w.incident.finding.causes.clear())]
#[case::sure_that_it_is_unknown("confidence", |w: &mut World| {
    w.incident.finding.causes[0].kind = "unknown".to_owned();
    w.incident.finding.causes[0].confidence = 0.95;
})]
#[case::frozen("freeze", |w: &mut World| {
    w.policies.document.freezes =
        vec![Freeze { name: "sale".to_owned(), from: now(), until: now() + minutes(1) }];
})]
#[case::maintenance("maintenance", |w: &mut World| w.policies.maintenance = window(now()))]
#[case::breaker("breaker", |w: &mut World| {
    let breaker = nightjar_domain::remediation::Breaker { failures: 3, opened_at: Some(now() - minutes(1439)) };
    w.fleet.ledger.breakers.insert("restart-unwell-instance".to_owned(), breaker);
})]
#[case::cooldown("cooldown", |w: &mut World| w.fleet.cooldown_until = Some(now() + SignedDuration::from_secs(1)))]
#[case::under_repair("under_repair", |w: &mut World| {
    let run = OpenRun {
        incident: IncidentId::derive(&["other"]),
        resource_arn: w.incident.anomaly.resource.arn.clone(),
        policy: "p".to_owned(),
        since: now(),
        waiting: true,
        counted: false,
    };
    w.fleet.ledger.runs.push(run);
})]
#[case::hourly_cap("hourly_cap", |w: &mut World| {
    for n in 0..5 {
        w.act(&format!("i-{n}"), |act| { act.open = false; act.at = now() - minutes(59); });
    }
})]
#[case::group_member("group_member", |w: &mut World| w.act("i-2", |act| act.group = Some("web".to_owned())))]
#[case::product_share("product_share", |w: &mut World| {
    w.act("i-2", |act| act.product = Some("shop".to_owned()));
    w.act("i-3", |act| act.product = Some("shop".to_owned()));
})]
#[case::precondition("precondition", |w: &mut World| {
    w.instance().tags.extend([tag(OPT_IN, "stop_start")]);
    w.runbook()[0].action = Action::StopStart;
})]
#[case::group_without_consent("opt_in", |w: &mut World| {
    w.plan_for(Action::AsgReplace);
    w.group().tags.clear();
})]
#[case::protected_group("protected", |w: &mut World| {
    w.plan_for(Action::ScaleOut);
    w.group().tags.extend([tag(PROTECTED, "")]);
})]
#[case::isolate_in_a_group("precondition", |w: &mut World| {
    w.plan_for(Action::Isolate);
    w.instance().tags.extend([tag(GROUP_TAG, "web")]);
})]
#[case::isolate_two_interfaces("precondition", |w: &mut World| {
    w.plan_for(Action::Isolate);
    w.instance().network_interfaces = 2;
})]
#[case::isolate_what_is_isolated("precondition", |w: &mut World| {
    w.plan_for(Action::Isolate);
    w.instance().security_groups = vec!["sg-9".to_owned()];
})]
#[case::document_without_agent("precondition", |w: &mut World| {
    w.plan_for(Action::SsmDocument);
    w.instance().is_managed = false;
})]
#[case::replace_outside_a_group("precondition", |w: &mut World| {
    w.plan_for(Action::AsgReplace);
    w.fleet.group = None;
})]
#[case::replace_the_only_member("precondition", |w: &mut World| {
    w.plan_for(Action::AsgReplace);
    w.group().desired = 1;
    w.group().members.truncate(1);
})]
#[case::replace_beside_an_unhealthy_member("precondition", |w: &mut World| {
    w.plan_for(Action::AsgReplace);
    w.group().members[1].is_healthy = false;
})]
#[case::replace_beside_a_missing_member("precondition", |w: &mut World| {
    w.plan_for(Action::AsgReplace);
    w.group().desired = 4;
})]
#[case::replace_where_nothing_may_be_launched("precondition", |w: &mut World| {
    w.plan_for(Action::AsgReplace);
    w.group().suspended.push("Launch".to_owned());
})]
#[case::replace_what_leaves_already("precondition", |w: &mut World| {
    w.plan_for(Action::AsgReplace);
    w.group().members[0].lifecycle = "Terminating".to_owned();
})]
#[case::scale_beyond_the_maximum("precondition", |w: &mut World| {
    w.plan_for(Action::ScaleOut);
    w.group().max = 3;
})]
#[case::scale_while_a_member_comes("precondition", |w: &mut World| {
    w.plan_for(Action::ScaleOut);
    w.group().members[2].lifecycle = "Pending".to_owned();
})]
fn only_this_belt_stops_it(#[case] belt: &str, #[case] change: fn(&mut World)) {
    let mut world = world();
    change(&mut world);
    let explained = explain(&world.incident, &world.policies, &world.fleet, now());
    assert_eq!(explained.belt, Some(belt), "{explained:?}");
    let policy = world.policies.document.policies.last().unwrap();
    let step = &policy.runbook[0];
    let World { incident, policies, fleet } = &world;
    let situation = Situation { incident, policies, policy, step, fleet, now: now(), resumes: false };
    let stopping: Vec<&str> =
        BELTS.iter().filter(|belt| (belt.check)(&situation).is_some()).map(|belt| belt.name).collect();
    assert_eq!(stopping, [belt], "no other belt has anything against it");
}

#[test]
fn too_many_approvals_wait() {
    let mut world = world();
    world.policies.bounds.mode = Mode::Approve;
    world.policies.document.limits.waiting = 1;
    assert!(matches!(world.plan(), Plan::Planned { .. }));
    let run = OpenRun {
        incident: IncidentId::derive(&["other"]),
        resource_arn: "other".to_owned(),
        policy: "p".to_owned(),
        since: now(),
        waiting: true,
        counted: false,
    };
    world.fleet.ledger.runs.push(run);
    assert_eq!(world.plan(), Plan::Declined { reason: DeclineReason::TooManyWaiting { count: 1 } });
}

#[rstest]
#[case::cooldown_ends_now(|w: &mut World| w.fleet.cooldown_until = Some(now()))]
#[case::as_old_as_allowed(|w: &mut World| w.incident.anomaly.window_end = now() - minutes(30))]
#[case::as_young_as_allowed(|w: &mut World| w.instance().launched_at = Some(now() - minutes(15)))]
#[case::as_unsure_as_allowed(|w: &mut World| w.incident.finding.causes[0].confidence = 0.5)]
#[case::the_maintenance_is_over(|w: &mut World| w.policies.maintenance = window(now() - minutes(1)))]
#[case::the_freeze_is_over(|w: &mut World| {
    w.policies.document.freezes =
        vec![Freeze { name: "sale".to_owned(), from: now() - minutes(9), until: now() }];
})]
#[case::the_breaker_closed_by_itself(|w: &mut World| {
    let breaker = nightjar_domain::remediation::Breaker { failures: 3, opened_at: Some(now() - minutes(1440)) };
    w.fleet.ledger.breakers.insert("restart-unwell-instance".to_owned(), breaker);
})]
#[case::one_of_eight_is_within_a_quarter(|w: &mut World| w.act("i-2", |act| act.product = Some("shop".to_owned())))]
#[case::the_only_instance_of_a_product(|w: &mut World| w.fleet.product_members = 1)]
fn limits_are_inclusive(#[case] change: fn(&mut World)) {
    let mut world = world();
    change(&mut world);
    assert!(matches!(world.plan(), Plan::Planned { .. }), "{:?}", world.plan());
}

#[test]
fn what_no_restart_mends_is_left_to_people() {
    let mut world = world();
    world.incident.finding.causes[0].kind = "disk_full".to_owned();
    assert!(matches!(
        world.plan(),
        Plan::Declined { reason: DeclineReason::LeftToPeople { policy, .. } } if policy == "full-disk"
    ));
}

#[test]
fn every_mistake_in_the_policies_is_told_at_once() {
    let mut document = serde_json::to_value(PoliciesDocument::bundled().unwrap()).unwrap();
    document["limits"]["per_hour"] = 0.into();
    document["documents"] = serde_json::json!([{ "name": "restart", "parameters": { "Service": ["nginx"] } }]);
    document["policies"][0]["runbook"] = serde_json::json!([
        { "action": "isolate" },
        { "action": "reboot", "security_group": "sg-1" },
        { "action": "ssm_document", "document": "format-disk" },
        { "action": "ssm_document", "document": "restart", "parameters": { "Service": ["sshd"] } },
        { "action": "snapshot_first" },
    ]);
    document["policies"][1]["name"] = "full-disk".into();
    insta::assert_snapshot!(
        PoliciesDocument::parse(&document.to_string()).unwrap_err(),
        @"remediation_policies.json: limits.per_hour lies between 1 and 1000; policies[0] (full-disk): runbook[0] (isolate): only people can follow it: nothing else, or notify_only; policies[0] (full-disk): runbook[0] (isolate): security_group names the quarantine's security group, such as sg-0123456789abcdef0; policies[0] (full-disk): runbook[1] (reboot): security_group belongs to isolate; policies[0] (full-disk): runbook[2] (ssm_document): format-disk is not one of documents; policies[0] (full-disk): runbook[3] (ssm_document): documents does not allow restart with Service = sshd; policies[0] (full-disk): runbook[4] (snapshot_first): it heals nothing: a step follows it; policies[1] (full-disk): the name is used twice"
    );
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
        run: None,
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

fn observed(values: &[f64]) -> Observed {
    let datapoints = values.iter().enumerate().map(|(n, v)| (at("2026-11-21T10:15:00Z") + minutes(5 * n as i64), *v));
    Observed { datapoints: datapoints.collect(), state: Some("running".to_owned()), ..Observed::default() }
}

const SETTLED: &str = "2026-11-21T10:20:00Z";

#[rstest]
#[case::ordinary_again(observed(&[40.0, 25.0, 30.9]), SETTLED, "healed")]
#[case::still_hot(observed(&[25.0, 97.0]), SETTLED, "not healed")]
#[case::one_datapoint_is_not_enough(observed(&[25.0]), SETTLED, "not yet")]
#[case::no_datapoint_is_no_recovery(observed(&[]), "2026-11-21T10:49:59Z", "not yet")]
#[case::silence_for_too_long(observed(&[]), "2026-11-21T10:50:00Z", "not healed")]
#[case::too_early(observed(&[25.0, 25.0]), "2026-11-21T10:19:59Z", "not yet")]
#[case::no_number(observed(&[25.0, f64::NAN]), SETTLED, "not healed")]
#[case::not_running(Observed { state: Some("stopped".to_owned()), ..observed(&[25.0, 25.0]) }, SETTLED, "not yet")]
#[case::gone(Observed { state: None, ..observed(&[25.0, 25.0]) }, SETTLED, "not healed")]
#[case::impaired(Observed { is_impaired: true, ..observed(&[25.0, 25.0]) }, "2026-11-21T11:00:00Z", "not healed")]
fn an_act_is_judged_by_the_symptom(#[case] observed: Observed, #[case] when: &str, #[case] expected: &str) {
    let judged = match judge(&incident().anomaly, &observed, at(SETTLED), at(when)) {
        Judgement::Healed => "healed",
        Judgement::NotHealed { .. } => "not healed",
        Judgement::NotYet { .. } => "not yet",
    };
    assert_eq!(judged, expected);
}

fn waiting() -> Claim {
    claim(ClaimState::AwaitingApproval {
        action: REBOOT,
        until: at("2026-11-21T11:00:00Z"),
        fingerprint: "f".to_owned(),
        decision: None,
    })
}

#[test]
fn a_ticket_survives_its_token_and_nonsense_does_not_pass() {
    let ticket = Ticket { incident: incident().id, expires_at: at("2026-11-21T11:00:00Z") };
    assert_eq!(Ticket::read(&ticket.token(b"mac")).unwrap(), (ticket.clone(), b"mac".to_vec()));
    assert_eq!(ticket.fingerprint(&waiting(), now()).unwrap(), "f");
    for nonsense in ["", "a.b.c", "inc_1.1.x", &ticket.token(b"mac").replace('.', ":")] {
        assert!(Ticket::read(nonsense).is_err(), "{nonsense}");
    }
    let longer = Ticket { expires_at: at("2026-11-21T12:00:00Z"), ..ticket.clone() };
    assert!(longer.fingerprint(&waiting(), now()).unwrap_err().to_string().contains("not genuine"));
    let late = ticket.fingerprint(&waiting(), at("2026-11-21T11:00:00Z")).unwrap_err();
    assert!(late.to_string().contains("expired"), "{late}");
    let settled = ticket.fingerprint(&claim(ClaimState::Rehearsed { action: REBOOT }), now()).unwrap_err();
    assert!(settled.to_string().contains("nothing waits"), "{settled}");
}

#[test]
fn an_escalation_tells_everything_that_was_tried() {
    let step = Step::from;
    let run = Run {
        policy: "p".to_owned(),
        steps: vec![step(Action::SnapshotFirst), step(REBOOT)],
        step: 0,
        trace: "t".to_owned(),
        tried: Vec::new(),
        acted_at: Some(at("2026-11-21T10:00:00Z")),
        approved_by: None,
        remembered: None,
    };
    let first = Claim { run: Some(run), ..claim(ClaimState::Finished { action: Action::SnapshotFirst }) };
    let second = first.start(1, Some("taken"), minutes(2), at("2026-11-21T10:01:00Z")).unwrap();
    let why = "CPUUtilization is 97.0, still outside 18.0 to 31.0".to_owned();
    let ended = second.settled(ClaimState::Escalated { why }, at("2026-11-21T10:20:00Z"));
    let outcome = RemediationOutcome::of(&incident(), &ended).unwrap();
    insta::assert_snapshot!(outcome.result.text(), @"Not healed: CPUUtilization is 97.0, still outside 18.0 to 31.0. Tried: snapshot at 2026-11-21T10:00:00Z (taken); reboot at 2026-11-21T10:01:00Z (CPUUtilization is 97.0, still outside 18.0 to 31.0). A person has to look.");
    assert_eq!(outcome.tried.len(), 2);
}

#[rstest]
#[case(Action::Isolate)]
#[case(Action::SsmDocument)]
#[case(Action::AsgReplace)]
#[case(Action::ScaleOut)]
fn every_step_is_planned_where_nothing_speaks_against_it(#[case] action: Action) {
    let mut world = world();
    world.plan_for(action);
    assert!(matches!(world.plan(), Plan::Planned { .. }), "{:?}", world.plan());
    // Each needs its own word in the tag: that of another step is none.
    let others = "reboot isolate ssm_document asg_replace scale_out".replace(action.as_str(), "");
    world.instance().tags.extend([tag(OPT_IN, &others)]);
    assert!(matches!(world.plan(), Plan::Declined { reason: DeclineReason::NotOptedIn { .. } }), "{:?}", world.plan());
}

fn ended(action: Action, remembered: Option<Remembered>, state: ClaimState) -> Claim {
    let run = Run {
        policy: "p".to_owned(),
        steps: vec![Step::from(action)],
        step: 0,
        trace: "t".to_owned(),
        tried: Vec::new(),
        acted_at: Some(now()),
        approved_by: None,
        remembered,
    };
    Claim { run: Some(run), ..claim(state) }
}

#[test]
fn a_step_is_taken_back_only_once_it_has_ended_and_only_if_it_can_be() {
    let isolated =
        |state| ended(Action::Isolate, Some(Remembered::SecurityGroups { groups: vec!["sg-1".to_owned()] }), state);
    let contained = isolated(ClaimState::Contained { action: Action::Isolate });
    let asked = contained.ask_back("ops", "it was us", now()).unwrap();
    assert_eq!(resume(&asked, now()), Resume::Undo { action: Action::Isolate });
    assert_eq!(asked.ask_back("ops", "again", now()).unwrap(), asked, "asking twice is asking once");
    let undone = asked.settled(ClaimState::Undone { action: Action::Isolate, by: "ops".to_owned() }, now());
    assert_eq!(undone.ask_back("ops", "", now()), Err(CannotUndo::Undone));
    let underway = isolated(ClaimState::Finished { action: Action::Isolate });
    assert_eq!(underway.ask_back("ops", "", now()), Err(CannotUndo::NotEnded));
    let rebooted = ended(REBOOT, None, ClaimState::Healed { action: REBOOT });
    assert_eq!(rebooted.ask_back("ops", "", now()), Err(CannotUndo::Nothing));
    let command = Some(Remembered::Command { id: "c-1".to_owned() });
    let ran = ended(Action::SsmDocument, command, ClaimState::Healed { action: Action::SsmDocument });
    assert_eq!(ran.ask_back("ops", "", now()), Err(CannotUndo::Nothing));
}

#[test]
fn what_is_remembered_is_how_it_was_before_the_step() {
    let mut world = world();
    world.plan_for(Action::ScaleOut);
    let groups = vec!["sg-1".to_owned(), "sg-2".to_owned()];
    assert_eq!(Remembered::before(Action::Isolate, &world.fleet), Some(Remembered::SecurityGroups { groups }));
    let capacity = Remembered::Capacity { group: "web".to_owned(), desired: 3 };
    assert_eq!(Remembered::before(Action::ScaleOut, &world.fleet), Some(capacity));
    assert_eq!(Remembered::before(REBOOT, &world.fleet), None);
}

#[test]
fn a_replacement_is_judged_by_the_group() {
    let mut world = world();
    world.plan_for(Action::AsgReplace);
    let gone = world.incident.anomaly.resource.id.clone();
    let judged = |group: Option<&GroupState>, when: &str| judge_replacement(group, &gone, at(SETTLED), at(when));
    assert!(matches!(judged(Some(world.group()), SETTLED), Judgement::NotYet { .. }), "it is still a member");
    world.group().members[0].instance = "i-4".to_owned();
    assert_eq!(judged(Some(world.group()), SETTLED), Judgement::Healed);
    world.group().members[0].lifecycle = "Pending".to_owned();
    assert!(matches!(judged(Some(world.group()), SETTLED), Judgement::NotYet { .. }));
    let Judgement::NotHealed { why } = judged(Some(world.group()), "2026-11-21T10:50:00Z") else { panic!() };
    assert_eq!(why, "2 of 3 instances of web are healthy and in service");
    assert!(matches!(judged(None, SETTLED), Judgement::NotHealed { .. }));
}
