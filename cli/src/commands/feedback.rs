//! `nightjar feedback`: tell the detector that an event was none, or take that back.

use serde_json::{Value, json};

use super::api_client::ApiArgs;
use super::events::text;
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("verdict").required(true)))]
pub struct FeedbackArgs {
    /// Such as inc_0123456789abcdef0123: `nightjar events list` shows them.
    id: String,
    /// It was no anomaly: the bar of its series rises, for a while.
    #[arg(long, group = "verdict")]
    false_positive: bool,
    /// Take that back: the bar falls to where it would be.
    #[arg(long, group = "verdict")]
    withdraw: bool,
    /// Why, for the audit trail.
    #[arg(long, value_name = "TEXT")]
    why: String,
    #[command(flatten)]
    api: ApiArgs,
}

pub(super) async fn run(args: &FeedbackArgs, output: Output) -> anyhow::Result<Outcome> {
    anyhow::ensure!(!args.id.contains('/'), "{:?} is no event's id: `nightjar events list` shows them", args.id);
    let verdict = if args.false_positive { "false_positive" } else { "withdrawn" };
    let body = json!({ "verdict": verdict, "why": args.why });
    let answer = args.api.client().await?.post(&format!("alerts/{}/feedback", args.id), &body).await?;
    output.print(&answer, describe)?;
    Ok(Outcome::Fine)
}

fn describe(answer: &Value) -> String {
    let rows = [
        ("event", "/event"),
        ("said", "/feedback/verdict"),
        ("by", "/feedback/by"),
        ("why", "/feedback/why"),
        ("series", "/series"),
        ("its bar is raised by", "/bar_raised_by"),
    ];
    let list = table(&["", ""], rows.map(|(name, pointer)| [name.to_owned(), text(answer, pointer)]));
    if answer["changed"] == false { format!("{list}\nThe same was said before: nothing has changed.") } else { list }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_before_is_told_so() {
        let answer = json!({ "event": "inc_1", "series": "s", "changed": false, "bar_raised_by": 0.5,
            "feedback": { "verdict": "false_positive", "by": "arn:aws:iam::1:user/a", "why": "x" } });
        let text = describe(&answer);
        assert!(text.contains("arn:aws:iam::1:user/a") && text.ends_with("nothing has changed."), "{text}");
    }
}
