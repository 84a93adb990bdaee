//! Nothing is touched without its owner's consent, and every refusal has its reason.

mod attacks;
mod belts;
mod claims;
mod histories;
mod planning;
mod undo;
mod verification;

use jiff::SignedDuration;
use nightjar_domain::accounts::Scope;
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::Incident;
use nightjar_domain::maintenance::MaintenanceWindows;
use nightjar_domain::remediation::{
    Act, Action, Announcement, Bounds, Claim, ClaimState, FleetState, GROUP_TAG, GroupState, InstanceState, Member,
    Mode, Plan, Policies, PoliciesDocument, Remembered, Run, Step, plan,
};
use nightjar_testkit::{at, incident, now, resource};

pub(crate) const OPT_IN: &str = "aiops:remediate";
pub(crate) const PROTECTED: &str = "aiops:never-touch";
pub(crate) const PRODUCT: &str = "aiops:product";

/// A situation in which everything speaks for the action.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) incident: Incident,
    pub(crate) policies: Policies,
    pub(crate) fleet: FleetState,
}

pub(crate) fn world() -> World {
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
        security_mode: Mode::Approve,
        opt_in_tag: OPT_IN.to_owned(),
        protected_tag: PROTECTED.to_owned(),
        product_tag: PRODUCT.to_owned(),
        cooldown: SignedDuration::from_mins(60),
        max_incident_age: SignedDuration::from_mins(30),
        min_instance_age: SignedDuration::from_mins(15),
        home: Some(Scope::of(&resource().reference)),
    };
    let maintenance = MaintenanceWindows::default();
    let policies = Policies { bounds, document: PoliciesDocument::bundled().unwrap(), maintenance };
    let fleet = FleetState { instance: Some(instance), product_members: 8, ..FleetState::default() };
    World { incident: incident(), policies, fleet }
}

impl World {
    pub(crate) fn instance(&mut self) -> &mut InstanceState {
        self.fleet.instance.as_mut().unwrap()
    }

    /// The runbook of the policy that is meant for the incident.
    pub(crate) fn runbook(&mut self) -> &mut Vec<Step> {
        &mut self.policies.document.policies.last_mut().unwrap().runbook
    }

    /// A world in which everything speaks for this step.
    pub(crate) fn plan_for(&mut self, action: Action) {
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

    pub(crate) fn group(&mut self) -> &mut GroupState {
        self.fleet.group.as_mut().unwrap()
    }

    pub(crate) fn plan(&self) -> Plan {
        plan(&self.incident, &self.policies, &self.fleet, now())
    }

    pub(crate) fn act(&mut self, other: &str, change: impl FnOnce(&mut Act)) {
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
pub(crate) fn window(from: jiff::Timestamp) -> MaintenanceWindows {
    let json = serde_json::json!({ "windows": [{
        "name": "move", "why": "a test", "resources": { "all": true },
        "when": { "once": { "from": from, "until": from + minutes(1) } },
    }] });
    MaintenanceWindows::parse(&json.to_string()).unwrap()
}

pub(crate) fn tag(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

pub(crate) fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

pub(crate) fn claim(state: ClaimState) -> Claim {
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

pub(crate) const REBOOT: Action = Action::Reboot;

/// When the effect of the steps of these tests has settled.
pub(crate) const SETTLED: &str = "2026-11-21T10:20:00Z";

/// A run of one step that has come to this state.
pub(crate) fn ended(action: Action, remembered: Option<Remembered>, state: ClaimState) -> Claim {
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
