//! What is told over a connection, and what is said.

use jiff::Timestamp;
use nightjar_domain::event_summary::EventSummary;
use serde::{Deserialize, Serialize};

/// API Gateway takes 128 KB at once; this leaves room for what is around the events.
const LARGEST_CONTENT: usize = 100_000;
/// How much earlier than its cursor a resumed connection starts: deltas of two shards may be written in the other order.
const OVERLAP_MS: i64 = 30_000;

/// A frame to a client.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Frame {
    /// What is not resolved, in place of what the client had.
    Snapshot { cursor: String, events: Vec<EventSummary>, complete: bool },
    /// What changed: events to take over by id, and ids that are gone.
    Delta {
        cursor: String,
        #[serde(flatten)]
        content: Content,
    },
    /// The answer to a ping.
    Pong { at: Timestamp },
    /// The client said something that is not understood.
    Error { detail: String },
}

/// What a delta tells.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {
    pub events: Vec<EventSummary>,
    pub removed: Vec<String>,
}

impl Content {
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.removed.is_empty()
    }

    /// The same in parts that each fit into a frame.
    pub fn parts(self) -> Vec<Self> {
        let mut parts = vec![Self { events: Vec::new(), removed: self.removed }];
        let mut size = 0;
        for event in self.events {
            let more = serde_json::to_string(&event).map_or(0, |text| text.len());
            if size + more > LARGEST_CONTENT {
                parts.push(Self::default());
                size = 0;
            }
            size += more;
            if let Some(part) = parts.last_mut() {
                part.events.push(event);
            }
        }
        parts.retain(|part| !part.is_empty());
        parts
    }
}

/// A frame from a client.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum Said {
    Hello {
        #[serde(default)]
        cursor: Option<String>,
    },
    Ping,
}

/// A place in time that sorts as text: milliseconds, then what tells apart what is told in the same one.
pub fn cursor(at: Timestamp, distinction: &str) -> String {
    let distinction: String = distinction.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    format!("{:013}-{distinction}", at.as_millisecond().max(0))
}

/// Where a client that has seen `cursor` starts; `None` where it says nothing that we ever said, or what is no longer kept.
pub fn resume_from(cursor: &str, oldest: Timestamp) -> Option<String> {
    let (milliseconds, distinction) = cursor.split_once('-')?;
    if milliseconds.len() != 13 || !distinction.bytes().all(|byte| byte.is_ascii_alphanumeric()) || cursor.len() > 60 {
        return None;
    }
    let start = milliseconds.parse::<i64>().ok()? - OVERLAP_MS;
    (start >= oldest.as_millisecond()).then(|| format!("{start:013}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightjar_testkit::{at, incident};

    #[test]
    fn cursors_sort_by_time() {
        let cursors = ["2026-11-21T10:00:00Z", "2026-11-21T10:00:01Z"].map(|text| cursor(at(text), "e/1"));
        assert!(cursors[0] < cursors[1] && cursors[0].ends_with("-e1"), "{cursors:?}");
    }

    #[test]
    fn a_resumed_client_starts_a_little_earlier() {
        let oldest = at("2026-11-21T09:00:00Z");
        let seen = cursor(at("2026-11-21T10:00:00Z"), "x");
        let start = resume_from(&seen, oldest).unwrap();
        assert!(start < seen && start > cursor(at("2026-11-21T09:59:00Z"), ""));
        assert_eq!(resume_from(&cursor(at("2026-11-21T08:00:00Z"), "x"), oldest), None);
        for nonsense in ["", "-", "1-x", "abcdefghijklm-x", "1795255200000", "1795255200000-é", &"1".repeat(99)] {
            assert_eq!(resume_from(nonsense, oldest), None, "{nonsense}");
        }
    }

    #[test]
    fn many_events_are_told_in_parts_that_fit() {
        let events = vec![EventSummary::from(incident()); 500];
        let parts = Content { events, removed: vec!["inc_1".to_owned()] }.parts();
        assert!(parts.len() > 1);
        assert_eq!(parts.iter().map(|part| part.events.len()).sum::<usize>(), 500);
        assert!(parts.iter().all(|part| serde_json::to_string(part).unwrap().len() < 110_000));
        assert_eq!(Content::default().parts(), []);
    }
}
