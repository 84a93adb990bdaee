//! `nightjar remediate plan`: the engine's own decision, taken here, and nothing done.

use std::path::PathBuf;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use nightjar_aws::clock;
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::Incident;
use nightjar_domain::maintenance::MaintenanceWindows;
use nightjar_domain::remediation::{Bounds, FleetState, Mode, Plan, Policies, PoliciesDocument, explain};
use serde::{Deserialize, Serialize};

use crate::commands::api_client::ApiArgs;
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
pub(super) struct PlanArgs {
    /// An incident's id, or a JSON file: an incident, or {"incident": …, "fleet": …, "now": …}.
    #[arg(long, value_name = "FILE|ID")]
    incident: String,
    /// JSON of the resource's state, where the file holds none. Such as
    /// `{"instance": {"state": "running", "tags": {"aiops:remediate": "reboot"}, "root_device": "ebs", "volumes": ["vol-1"]}}`.
    #[arg(long, value_name = "FILE")]
    fleet: Option<PathBuf>,
    /// Policies to plan with.
    #[arg(long, value_name = "FILE", default_value = "config/remediation_policies.json")]
    policies: PathBuf,
    /// Maintenance windows to plan with.
    #[arg(long, value_name = "FILE", default_value = "config/maintenance_windows.json")]
    maintenance: PathBuf,
    /// The deployment's mode: off, dry_run, approve or auto.
    #[arg(long, default_value = "approve")]
    mode: Mode,
    /// Prefix of the deployment's tags.
    #[arg(long, default_value = "aiops")]
    prefix: String,
}

/// What a file may hold.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Document {
    Whole {
        incident: Box<Incident>,
        #[serde(default)]
        fleet: Option<Box<FleetState>>,
        #[serde(default)]
        now: Option<Timestamp>,
    },
    Incident(Box<Incident>),
}

/// The answer.
#[derive(Debug, Serialize)]
struct Told {
    incident: IncidentId,
    policy: Option<String>,
    mode: Mode,
    /// Whether anything would be carried out, or asked for.
    would_act: bool,
    /// The belt that stops it.
    stopped_by: Option<&'static str>,
    reason: Option<String>,
    steps: Vec<ToldStep>,
}

#[derive(Debug, Serialize)]
struct ToldStep {
    action: &'static str,
    precondition: &'static str,
    undo: &'static str,
    verification: &'static str,
    settle_minutes: u32,
}

pub(super) async fn run(args: &PlanArgs, api: &ApiArgs, output: Output) -> anyhow::Result<Outcome> {
    let (incident, fleet, now) = read(args, api).await?;
    let fleet = match (&args.fleet, fleet) {
        (Some(path), _) => Some(parse(path)?),
        (None, fleet) => fleet,
    };
    let fleet = fleet.context("what state is the resource in? Give --fleet, or a file with a member fleet")?;
    let text = std::fs::read_to_string(&args.policies)
        .with_context(|| format!("{} cannot be read", args.policies.display()))?;
    let policies =
        Policies { bounds: bounds(args), document: PoliciesDocument::parse(&text)?, maintenance: maintenance(args)? };
    let told = tell(&incident, &policies, &fleet, now.unwrap_or_else(clock::now));
    output.print(&told, describe)?;
    Ok(Outcome::Fine)
}

async fn read(args: &PlanArgs, api: &ApiArgs) -> anyhow::Result<(Incident, Option<FleetState>, Option<Timestamp>)> {
    if IncidentId::parse(&args.incident).is_some() {
        let event = api.client().await?.get(&format!("events/{}", args.incident), &[]).await?;
        return Ok((serde_json::from_value(event).context("the API's answer is no incident")?, None, None));
    }
    let path = PathBuf::from(&args.incident);
    Ok(match parse(&path)? {
        Document::Whole { incident, fleet, now } => (*incident, fleet.map(|fleet| *fleet), now),
        Document::Incident(incident) => (*incident, None, None),
    })
}

fn parse<T: serde::de::DeserializeOwned>(path: &PathBuf) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} does not have the expected form", path.display()))
}

fn maintenance(args: &PlanArgs) -> anyhow::Result<MaintenanceWindows> {
    let text = std::fs::read_to_string(&args.maintenance)
        .with_context(|| format!("{} cannot be read", args.maintenance.display()))?;
    Ok(MaintenanceWindows::parse(&text)?)
}

/// The defaults of the Terraform variables.
fn bounds(args: &PlanArgs) -> Bounds {
    Bounds {
        mode: args.mode,
        security_mode: Mode::Approve,
        opt_in_tag: format!("{}:remediate", args.prefix),
        protected_tag: format!("{}:never-touch", args.prefix),
        product_tag: format!("{}:product", args.prefix),
        cooldown: SignedDuration::from_mins(60),
        max_incident_age: SignedDuration::from_mins(60),
        min_instance_age: SignedDuration::from_mins(15),
        home: None,
    }
}

fn tell(incident: &Incident, policies: &Policies, fleet: &FleetState, now: Timestamp) -> Told {
    let explained = explain(incident, policies, fleet, now);
    let (mode, reason) = match &explained.plan {
        Plan::Planned { mode, .. } => (*mode, None),
        Plan::Declined { reason } => (policies.bounds.mode, Some(reason.to_string())),
    };
    let steps = explained.runbook.iter().map(|step| ToldStep {
        action: step.action.as_str(),
        precondition: step.action.precondition(),
        undo: step.action.undo(),
        verification: step.action.verification(),
        settle_minutes: step.settle_minutes,
    });
    Told {
        incident: incident.id.clone(),
        policy: explained.policy,
        mode,
        would_act: reason.is_none() && mode >= Mode::Approve,
        stopped_by: explained.belt,
        reason,
        steps: steps.collect(),
    }
}

fn describe(told: &Told) -> String {
    let mut lines = vec![match (&told.reason, told.mode) {
        (Some(reason), _) => match told.stopped_by {
            Some(belt) => format!("Nothing would be done: the belt {belt} stops it: {reason}."),
            None => format!("Nothing would be done: {reason}."),
        },
        (None, Mode::Off | Mode::DryRun) => "It would be recorded, and nothing carried out (dry run).".to_owned(),
        (None, Mode::Approve) => "A person would be asked, and then the first step carried out.".to_owned(),
        (None, Mode::Auto) => "The first step would be carried out.".to_owned(),
    }];
    if let Some(policy) = &told.policy {
        lines.push(format!("Policy: {policy}"));
        let rows = told
            .steps
            .iter()
            .map(|step| [step.action, step.precondition, step.verification, step.undo].map(str::to_owned));
        lines.push(table(&["step", "precondition", "verified by", "undo"], rows));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use nightjar_domain::remediation::InstanceState;
    use nightjar_testkit::{incident, now, resource};

    use super::*;

    fn told(change: impl FnOnce(&mut FleetState)) -> Told {
        let instance = InstanceState { state: "running".to_owned(), tags: resource().tags, ..InstanceState::default() };
        let mut fleet = FleetState { instance: Some(instance), ..FleetState::default() };
        change(&mut fleet);
        let args = PlanArgs {
            incident: String::new(),
            fleet: None,
            policies: PathBuf::new(),
            maintenance: PathBuf::new(),
            mode: Mode::Auto,
            prefix: "aiops".to_owned(),
        };
        let policies = Policies {
            bounds: bounds(&args),
            document: PoliciesDocument::bundled().unwrap(),
            maintenance: MaintenanceWindows::default(),
        };
        tell(&incident(), &policies, &fleet, now())
    }

    #[test]
    fn it_tells_the_runbook_and_its_terms() {
        let told = told(|_| {});
        assert!(told.would_act);
        let text = describe(&told);
        assert!(text.contains("restart-unwell-instance") && text.contains("memory is lost"), "{text}");
    }

    #[test]
    fn it_names_the_belt_that_stops_it() {
        let told = told(|fleet| fleet.instance.as_mut().unwrap().state = "stopping".to_owned());
        assert_eq!((told.would_act, told.stopped_by), (false, Some("running")));
        assert!(describe(&told).contains("the belt running stops it: the instance is stopping"), "{}", describe(&told));
    }

    #[test]
    fn a_file_may_hold_an_incident_alone_or_with_the_fleet() {
        let alone = serde_json::to_string(&incident()).unwrap();
        assert!(matches!(serde_json::from_str(&alone).unwrap(), Document::Incident(_)));
        let whole = serde_json::json!({ "incident": incident(), "fleet": { "instance": { "state": "running" } } });
        let Document::Whole { fleet: Some(fleet), .. } = serde_json::from_value(whole).unwrap() else { panic!() };
        assert_eq!(fleet.instance.unwrap().state, "running");
    }
}
