//! The notification as Alertmanager's webhook sends it (version 4), so that its receivers work unchanged.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::bulletin::{Bulletin, Line, Standing};
use super::text::plain;
use crate::routing::Labels;

/// Alerts in one payload; `truncatedAlerts` counts the rest.
const MOST_ALERTS: usize = 100;

/// Renders the payload.
pub fn alertmanager_payload(bulletin: &Bulletin) -> Value {
    let shown: Vec<&Line> = bulletin.lines.iter().take(MOST_ALERTS).collect();
    let alerts: Vec<Value> = shown.iter().map(|line| alert(line, bulletin)).collect();
    json!({
        "version": "4",
        "groupKey": format!("{}:{{{}}}", bulletin.group.route, bulletin.group.labels),
        "truncatedAlerts": bulletin.lines.len() - shown.len(),
        "status": if bulletin.standing == Standing::Resolved { "resolved" } else { "firing" },
        "receiver": bulletin.group.receiver,
        "groupLabels": names(&bulletin.group.labels),
        "commonLabels": common(&shown),
        "commonAnnotations": {},
        "externalURL": bulletin.notice.link.clone().unwrap_or_default(),
        "alerts": alerts,
    })
}

fn alert(line: &Line, bulletin: &Bulletin) -> Value {
    let mut labels = names(&line.labels);
    labels.insert("alertname".to_owned(), alert_name(line));
    json!({
        "status": if line.resolved { "resolved" } else { "firing" },
        "labels": labels,
        "annotations": { "summary": plain(&line.title), "incident": line.labels.get("incident") },
        "startsAt": line.starts_at,
        // The zero time of Go: it has not ended.
        "endsAt": if line.resolved { bulletin.sent_at.to_string() } else { "0001-01-01T00:00:00Z".to_owned() },
        "generatorURL": bulletin.notice.link.clone().unwrap_or_default(),
        "fingerprint": line.fingerprint,
    })
}

/// The metric, or what kind of alert it is.
fn alert_name(line: &Line) -> String {
    let metric = line.labels.get("metric");
    if metric.is_empty() { line.labels.get("kind").to_owned() } else { metric.to_owned() }
}

/// Labels under names that Prometheus accepts: `tag:team` becomes `tag_team`.
fn names(labels: &Labels) -> BTreeMap<String, String> {
    let legal = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    labels.iter().map(|(name, value)| (name.chars().map(legal).collect(), plain(value))).collect()
}

fn common(lines: &[&Line]) -> BTreeMap<String, String> {
    let Some((first, rest)) = lines.split_first() else { return BTreeMap::new() };
    let mut common = names(&first.labels);
    for line in rest {
        let other = names(&line.labels);
        common.retain(|name, value| other.get(name) == Some(value));
    }
    common
}
