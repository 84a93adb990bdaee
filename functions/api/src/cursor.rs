//! Where a list continues: the place in the table, and the filter of the list it belongs to.
//!
//! The filter travels with the place since the defaults of `since` and `until` move with the clock: a list that is read
//! page by page would otherwise change under its reader.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use nightjar_aws::stores::{Cursor, IncidentFilter};
use nightjar_domain::incident::Status;
use nightjar_domain::severity::Severity;
use serde::{Deserialize, Serialize};

/// The next page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Continuation {
    pub filter: IncidentFilter,
    pub after: Cursor,
}

/// A continuation as it is written into a cursor.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    since: Timestamp,
    until: Timestamp,
    after: String,
}

impl Continuation {
    /// The text that clients hand back; its content is not theirs to read.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        let Self { filter, after } = self;
        let text = Text {
            status: filter.status,
            severity: filter.severity,
            resource: filter.resource_id.clone(),
            since: filter.since,
            until: filter.until,
            after: after.encode(),
        };
        Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(&text)?))
    }

    /// `None` for a text that no page ever ended with.
    pub fn decode(text: &str) -> Option<Self> {
        let text: Text = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let after = Cursor::decode(&text.after)?;
        let filter = IncidentFilter {
            status: text.status,
            severity: text.severity,
            resource_id: text.resource,
            // The path says it again.
            kind: None,
            since: text.since,
            until: text.until,
        };
        after.lies_within(&filter).then_some(Self { filter, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightjar_testkit::at;

    fn continuation() -> Continuation {
        let after = URL_SAFE_NO_PAD.encode("2026-11\n2026-11-20T08:00:00Z\ninc_1");
        Continuation {
            filter: IncidentFilter {
                status: Some(Status::Open),
                severity: None,
                resource_id: Some("i-1".to_owned()),
                kind: None,
                since: at("2026-11-01T00:00:00Z"),
                until: at("2026-11-21T00:00:00Z"),
            },
            after: Cursor::decode(&after).unwrap(),
        }
    }

    #[test]
    fn a_continuation_survives_the_trip() {
        assert_eq!(Continuation::decode(&continuation().encode().unwrap()), Some(continuation()));
    }

    #[test]
    fn a_place_outside_the_filter_does_not_pass() {
        let mut forged = continuation();
        forged.filter.since = at("2026-11-20T12:00:00Z");
        assert_eq!(Continuation::decode(&forged.encode().unwrap()), None);
    }

    #[test]
    fn nonsense_does_not_pass() {
        for nonsense in ["", "%%%", "e30", "bnVsbA", &continuation().after.encode()] {
            assert_eq!(Continuation::decode(nonsense), None, "{nonsense}");
        }
    }
}
