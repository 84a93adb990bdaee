//! `nightjar events`: a client of the HTTP API.

use serde_json::Value;

use super::api_client::ApiArgs;
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
pub struct EventsArgs {
    #[command(subcommand)]
    command: EventsCommand,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Debug, clap::Subcommand)]
enum EventsCommand {
    /// List events, newest first.
    List(ListArgs),
    /// Show one event with its evidence.
    Show {
        /// Such as inc_0123456789abcdef0123.
        id: String,
    },
}

#[derive(Debug, Default, clap::Args)]
struct ListArgs {
    /// OPEN, ACKNOWLEDGED, SUPPRESSED or RESOLVED.
    #[arg(long)]
    status: Option<String>,
    /// info, low, medium, high or critical.
    #[arg(long)]
    severity: Option<String>,
    /// A resource's id, such as i-0a1b2c3d4e5f60718.
    #[arg(long)]
    resource: Option<String>,
    /// Opened at this instant (RFC 3339) or later.
    #[arg(long)]
    since: Option<String>,
    /// Opened at this instant (RFC 3339) or earlier.
    #[arg(long)]
    until: Option<String>,
    /// How many at most, 1 to 100.
    #[arg(long)]
    limit: Option<u16>,
    /// Where to continue, as the list before told.
    #[arg(long)]
    cursor: Option<String>,
}

impl ListArgs {
    /// The API checks the values, and tells all that is wrong with them.
    fn query(&self) -> Vec<(&'static str, String)> {
        [
            ("status", self.status.clone()),
            ("severity", self.severity.clone()),
            ("resource", self.resource.clone()),
            ("since", self.since.clone()),
            ("until", self.until.clone()),
            ("limit", self.limit.map(|limit| limit.to_string())),
            ("cursor", self.cursor.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

pub(super) async fn run(args: &EventsArgs, output: Output) -> anyhow::Result<Outcome> {
    match &args.command {
        EventsCommand::List(list) => {
            let page = args.api.client().await?.get("events", &list.query()).await?;
            output.print(&page, describe_list)?;
        }
        EventsCommand::Show { id } => {
            let event = args.api.event(id).await?;
            output.print(&event, describe_event)?;
        }
    }
    Ok(Outcome::Fine)
}

/// The text at `pointer`, without the quotes of JSON.
pub(super) fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

pub(super) fn describe_list(page: &Value) -> String {
    let events = page["events"].as_array().map(Vec::as_slice).unwrap_or_default();
    if events.is_empty() {
        return "No events".to_owned();
    }
    let fields = ["/opened_at", "/severity", "/status", "/title", "/summary", "/id"];
    let rows = events.iter().map(|event| fields.map(|pointer| text(event, pointer)));
    let list = table(&["opened", "severity", "status", "what", "likeliest cause", "id"], rows);
    match page["next_cursor"].as_str() {
        Some(cursor) => format!("{list}\nMore: the same command with --cursor {cursor}"),
        None => list,
    }
}

pub(super) fn describe_event(event: &Value) -> String {
    let rows = [
        ("id", "/id"),
        ("what", "/title"),
        ("severity", "/severity"),
        ("status", "/status"),
        ("opened", "/opened_at"),
        ("resource", "/anomaly/resource/arn"),
        ("metric", "/anomaly/metric/name"),
        ("observed", "/anomaly/observed"),
        ("typical", "/anomaly/expected/typical"),
        ("score", "/anomaly/score"),
        ("cause", "/finding/summary"),
        ("escalation", "/escalation/because"),
    ];
    let mut sections = vec![table(&["", ""], rows.map(|(name, pointer)| [name.to_owned(), text(event, pointer)]))];
    let patterns = event["finding"]["patterns"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !patterns.is_empty() {
        let fields = ["/count", "/severity", "/template", "/log_group", "/last_at"];
        let rows = patterns.iter().map(|pattern| fields.map(|pointer| text(pattern, pointer)));
        sections.push(table(&["events", "severity", "log pattern", "log group", "last"], rows));
    }
    let gaps = event["finding"]["gaps"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !gaps.is_empty() {
        let rows = gaps.iter().map(|gap| ["/source", "/reason"].map(|pointer| text(gap, pointer)));
        sections.push(table(&["not read", "because"], rows));
    }
    sections.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightjar_testkit::incident;
    use serde_json::json;

    #[test]
    fn a_list_tells_how_to_go_on() {
        let page = json!({ "events": [{ "id": "inc_1", "title": "CPU", "severity": "high" }], "next_cursor": "abc" });
        let text = describe_list(&page);
        assert!(text.contains("inc_1") && text.ends_with("--cursor abc"), "{text}");
        assert_eq!(describe_list(&json!({ "events": [], "next_cursor": null })), "No events");
    }

    #[test]
    fn an_event_shows_its_evidence() {
        let text = describe_event(&serde_json::to_value(incident()).unwrap());
        assert!(text.contains("97.2") && text.contains("Out of memory: Killed process"), "{text}");
    }
}
