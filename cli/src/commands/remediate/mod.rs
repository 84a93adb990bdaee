//! `nightjar remediate`: what is under repair, what would be done, and the switches.

mod plan;

use serde_json::{Value, json};

use super::api_client::ApiArgs;
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
pub struct RemediateArgs {
    #[command(subcommand)]
    command: RemediateCommand,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Debug, clap::Subcommand)]
enum RemediateCommand {
    /// Tell what would be done about an incident and which belt stops it, without doing it.
    Plan(plan::PlanArgs),
    /// Show what is under repair, how well policies heal, and what is switched off.
    Status,
    /// Stop everything, within seconds.
    Stop(WhyArgs),
    /// Take the stop back.
    Resume(WhyArgs),
    /// Take the last step of an ended run back: what isolate and scale_out changed.
    Undo {
        /// The event's id, such as inc_0123456789abcdef0123.
        incident: String,
        #[command(flatten)]
        why: WhyArgs,
    },
    /// Switch a policy on again that had switched itself off.
    Reset {
        /// The policy's name.
        policy: String,
        #[command(flatten)]
        why: WhyArgs,
    },
}

#[derive(Debug, clap::Args)]
struct WhyArgs {
    /// Why, for the audit trail and for whoever finds everything stopped.
    #[arg(long, default_value = "")]
    why: String,
}

pub(super) async fn run(args: &RemediateArgs, output: Output) -> anyhow::Result<Outcome> {
    let (path, why) = match &args.command {
        RemediateCommand::Plan(plan) => return plan::run(plan, &args.api, output).await,
        RemediateCommand::Status => {
            let status = args.api.client().await?.get("remediations", &[]).await?;
            output.print(&status, describe)?;
            return Ok(Outcome::Fine);
        }
        RemediateCommand::Stop(args) => ("remediations/stop".to_owned(), &args.why),
        RemediateCommand::Resume(args) => ("remediations/resume".to_owned(), &args.why),
        RemediateCommand::Undo { incident, why } => {
            anyhow::ensure!(
                !incident.contains('/'),
                "{incident:?} is no event's id: `nightjar events list` shows them"
            );
            (format!("remediations/{incident}/undo"), &why.why)
        }
        RemediateCommand::Reset { policy, why } => {
            anyhow::ensure!(
                !policy.contains('/'),
                "{policy:?} is no policy's name: `nightjar remediate status` shows them"
            );
            (format!("remediations/policies/{policy}/reset"), &why.why)
        }
    };
    let done = args.api.client().await?.post(&path, &json!({ "why": why })).await?;
    let told = match &args.command {
        RemediateCommand::Stop(_) => "Stopped: nothing is carried out until `nightjar remediate resume`.",
        RemediateCommand::Resume(_) => "Resumed: what waits goes on within a minute.",
        RemediateCommand::Undo { .. } => {
            "Asked for: it is taken back within a minute, unless somebody changed things since."
        }
        _ => "Switched on again.",
    };
    output.print(&done, |_| told.to_owned())?;
    Ok(Outcome::Fine)
}

fn describe(status: &Value) -> String {
    let text = |value: &Value, pointer: &str| match value.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let stopped = &status["control"]["stopped"];
    let mut sections = vec![if stopped.is_null() {
        "Remediation is not stopped.".to_owned()
    } else {
        format!("STOPPED by {} at {}: {}", text(stopped, "/by"), text(stopped, "/at"), text(stopped, "/why"))
    }];
    let runs = status["ledger"]["runs"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !runs.is_empty() {
        let rows = runs
            .iter()
            .map(|run| ["/since", "/resource_arn", "/policy", "/waiting", "/incident"].map(|p| text(run, p)));
        sections.push(table(&["under repair since", "what", "policy", "waits for approval", "because of"], rows));
    }
    let empty = serde_json::Map::new();
    let healing = status["ledger"]["healing"].as_object().unwrap_or(&empty);
    if !healing.is_empty() {
        let rows = healing.iter().map(|(policy, tally)| {
            let count = |pointer: &str| tally.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
            let (healed, not) = (count("/healed"), count("/not_healed"));
            let rate = 100.0 * healed as f64 / (healed + not).max(1) as f64;
            let off = text(status, &format!("/ledger/breakers/{policy}/opened_at"));
            [policy.clone(), healed.to_string(), not.to_string(), format!("{rate:.0} %"), off]
        });
        sections.push(table(&["policy", "healed", "not healed", "rate", "switched itself off at"], rows));
    }
    sections.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_tells_who_stopped_it_and_how_well_policies_heal() {
        let status = json!({
            "control": { "stopped": { "by": "ops", "at": "2026-11-21T10:00:00Z", "why": "drill" } },
            "ledger": {
                "runs": [],
                "healing": { "restart": { "healed": 3, "not_healed": 1 } },
                "breakers": { "restart": { "failures": 3, "opened_at": "2026-11-21T09:00:00Z" } },
            },
        });
        let text = describe(&status);
        assert!(text.contains("STOPPED by ops") && text.contains("75 %") && text.contains("09:00:00Z"), "{text}");
    }
}
