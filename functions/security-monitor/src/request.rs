//! What the function was called for.

use serde::Deserialize;
use serde_json::Value;

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub enum Request {
    /// `EventBridge` brings one event of CloudTrail.
    Event(Value),
    /// The schedule: look for what did not come.
    Sweep,
    /// The API asks what the rules say of the events in a body.
    Detect { body: String },
    /// The API asks which rules there are.
    Rules,
}

/// What the API sends.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum Asked {
    Detect { body: String },
    Rules,
}

/// A call that nobody should have made. It ends in the dead-letter queue with this reason in the log.
#[derive(Debug, thiserror::Error)]
pub enum NotUnderstood {
    #[error(
        "the event is none of: a CloudTrail event from EventBridge (detail-type \"… via CloudTrail\"), a scheduled event, \
         {{\"action\": \"detect\" or \"rules\"}}; its detail-type is {detail_type:?}"
    )]
    Unknown { detail_type: String },
    #[error("the EventBridge event has no detail that is an object: there is nothing to judge")]
    NoDetail,
    #[error("the request cannot be read: {0}")]
    Asked(#[from] serde_json::Error),
}

impl Request {
    pub fn parse(mut event: Value) -> Result<Self, NotUnderstood> {
        if event.get("action").is_some() {
            return Ok(match serde_json::from_value(event)? {
                Asked::Detect { body } => Self::Detect { body },
                Asked::Rules => Self::Rules,
            });
        }
        let detail_type = event.get("detail-type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if detail_type == "Scheduled Event" {
            return Ok(Self::Sweep);
        }
        if !detail_type.ends_with("via CloudTrail") {
            return Err(NotUnderstood::Unknown { detail_type });
        }
        match event.get_mut("detail").map(Value::take) {
            Some(detail @ Value::Object(_)) => Ok(Self::Event(detail)),
            _ => Err(NotUnderstood::NoDetail),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[rstest::rstest]
    #[case::api_call(json!({"detail-type": "AWS API Call via CloudTrail", "detail": {"eventName": "A"}}), Request::Event(json!({"eventName": "A"})))]
    #[case::sign_in(json!({"detail-type": "AWS Console Sign In via CloudTrail", "detail": {}}), Request::Event(json!({})))]
    #[case::schedule(json!({"detail-type": "Scheduled Event", "detail": {}}), Request::Sweep)]
    #[case::detect(json!({"action": "detect", "body": "[]"}), Request::Detect { body: "[]".to_owned() })]
    #[case::rules(json!({"action": "rules"}), Request::Rules)]
    fn understands(#[case] event: Value, #[case] request: Request) {
        assert_eq!(Request::parse(event).unwrap(), request);
    }

    #[rstest::rstest]
    #[case::nothing(json!(null), "none of")]
    #[case::other_event(json!({"detail-type": "EC2 Instance State-change Notification", "detail": {}}), "EC2 Instance State-change")]
    #[case::no_detail(json!({"detail-type": "AWS API Call via CloudTrail"}), "no detail")]
    #[case::detail_is_text(json!({"detail-type": "AWS API Call via CloudTrail", "detail": "x"}), "no detail")]
    #[case::unknown_action(json!({"action": "delete"}), "unknown variant `delete`")]
    #[case::no_body(json!({"action": "detect"}), "missing field `body`")]
    fn refuses(#[case] event: Value, #[case] reason: &str) {
        let error = Request::parse(event).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
