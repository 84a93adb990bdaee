//! `nightjar approvals`: what waits for a person's word.

use anyhow::Context as _;
use nightjar_domain::remediation::Ticket;
use serde_json::{Value, json};

use super::api_client::ApiArgs;
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
pub struct ApprovalsArgs {
    #[command(subcommand)]
    command: ApprovalsCommand,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Debug, clap::Subcommand)]
enum ApprovalsCommand {
    /// List what waits.
    List,
    /// Let it be carried out.
    Approve(AnswerArgs),
    /// Let nothing be done.
    Deny(AnswerArgs),
}

#[derive(Debug, clap::Args)]
struct AnswerArgs {
    /// The token from the message that asked. Not named `token`: that is the one by which people are signed in.
    #[arg(value_name = "TOKEN")]
    approval: String,
    /// Why, for the audit trail.
    #[arg(long, default_value = "")]
    why: String,
}

pub(super) async fn run(args: &ApprovalsArgs, output: Output) -> anyhow::Result<Outcome> {
    let client = args.api.client().await?;
    match &args.command {
        ApprovalsCommand::List => {
            let waiting = client.get("approvals", &[]).await?;
            output.print(&waiting, describe)?;
        }
        ApprovalsCommand::Approve(answer) => {
            let claim = client.post(&path(answer, "approve")?, &body(answer)).await?;
            output.print(&claim, |_| {
                "Approved. It is carried out within a minute, if every belt still allows it.".to_owned()
            })?;
        }
        ApprovalsCommand::Deny(answer) => {
            let claim = client.post(&path(answer, "deny")?, &body(answer)).await?;
            output.print(&claim, |_| "Denied. Nothing is done.".to_owned())?;
        }
    }
    Ok(Outcome::Fine)
}

fn path(answer: &AnswerArgs, verb: &str) -> anyhow::Result<String> {
    let (ticket, _) = Ticket::read(&answer.approval).context("the token cannot be used")?;
    Ok(format!("approvals/{}/{verb}", ticket.incident))
}

fn body(answer: &AnswerArgs) -> Value {
    json!({ "token": answer.approval, "why": answer.why })
}

fn describe(waiting: &Value) -> String {
    let claims = waiting["approvals"].as_array().map(Vec::as_slice).unwrap_or_default();
    if claims.is_empty() {
        return "Nothing waits for approval".to_owned();
    }
    let text =
        |claim: &Value, pointer: &str| claim.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let fields = ["/state/until", "/state/action", "/resource_arn", "/run/policy", "/incident"];
    let rows = claims.iter().map(|claim| fields.map(|pointer| text(claim, pointer)));
    table(&["until", "what", "of", "policy", "because of"], rows)
}

#[cfg(test)]
mod tests {
    use nightjar_domain::remediation::{Announcement, Claim, ClaimState};
    use nightjar_testkit::{incident, now, resource_ref};

    use super::*;

    #[test]
    fn what_waits_is_shown_with_what_would_be_done_to_what() {
        let claim = Claim {
            incident: incident().id,
            resource_arn: resource_ref().arn,
            state: ClaimState::AwaitingApproval {
                action: nightjar_domain::remediation::Action::Reboot,
                until: now(),
                fingerprint: String::new(),
                decision: None,
            },
            claimed_at: now(),
            lease_until: now(),
            settled_at: None,
            announcement: Announcement::Done,
            run: None,
        };
        let text = describe(&json!({ "approvals": [claim] }));
        assert!(text.contains("reboot") && text.contains(&resource_ref().arn), "{text}");
        assert_eq!(describe(&json!({ "approvals": [] })), "Nothing waits for approval");
    }

    #[test]
    fn a_token_names_its_approval() {
        let token = Ticket { incident: incident().id, expires_at: now() }.token(b"mac");
        let answer = AnswerArgs { approval: token, why: String::new() };
        assert_eq!(path(&answer, "deny").unwrap(), format!("approvals/{}/deny", incident().id));
        assert!(path(&AnswerArgs { approval: "yes".to_owned(), why: String::new() }, "deny").is_err());
    }
}
