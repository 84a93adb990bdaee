//! What a message in a dead-letter queue is, and what the function would have received.

use serde_json::{Map, Value, json};

/// Where a dead letter comes from, with the event to invoke the function with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum DeadLetter {
    /// The function took the event, and failed as often as Lambda tried.
    Failed { event: Value },
    /// SNS could not hand the notification to Lambda at all.
    Undelivered { event: Value },
    /// EventBridge could not hand the event to Lambda at all.
    Unmatched { event: Value },
}

/// The message has none of the forms that Nightjar's queues receive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unrecognised {
    #[error("it is not JSON: {0}")]
    NotJson(String),
    #[error(
        "it is neither the record of a failed invocation (requestPayload), nor an SNS notification (Type), nor an EventBridge event (detail-type)"
    )]
    UnknownForm,
    #[error("it is an SNS notification without {0}")]
    Incomplete(&'static str),
}

impl DeadLetter {
    /// Recognises a message by its form.
    pub(super) fn recognise(body: &str) -> Result<Self, Unrecognised> {
        let value = serde_json::from_str(body).map_err(|error| Unrecognised::NotJson(error.to_string()))?;
        let Value::Object(fields) = value else { return Err(Unrecognised::UnknownForm) };
        if let Some(payload) = fields.get("requestPayload").filter(|payload| !payload.is_null()) {
            return Ok(Self::Failed { event: payload.clone() });
        }
        if fields.get("Type").is_some_and(|kind| kind == "Notification") {
            return Ok(Self::Undelivered { event: sns_event(fields)? });
        }
        if ["detail-type", "source", "detail"].iter().all(|name| fields.contains_key(*name)) {
            return Ok(Self::Unmatched { event: Value::Object(fields) });
        }
        Err(Unrecognised::UnknownForm)
    }

    pub(super) fn event(&self) -> &Value {
        match self {
            Self::Failed { event } | Self::Undelivered { event } | Self::Unmatched { event } => event,
        }
    }

    pub(super) fn origin(&self) -> &'static str {
        match self {
            Self::Failed { .. } => "failed invocation",
            Self::Undelivered { .. } => "undelivered SNS notification",
            Self::Unmatched { .. } => "undelivered EventBridge event",
        }
    }
}

/// The event as SNS hands a notification to Lambda. SNS spells two fields differently there than in what it queues.
fn sns_event(mut notification: Map<String, Value>) -> Result<Value, Unrecognised> {
    for name in ["MessageId", "TopicArn", "Message", "Timestamp"] {
        if !notification.get(name).is_some_and(Value::is_string) {
            return Err(Unrecognised::Incomplete(name));
        }
    }
    for (queued, handed) in [("SigningCertURL", "SigningCertUrl"), ("UnsubscribeURL", "UnsubscribeUrl")] {
        let value = notification.remove(queued).or_else(|| notification.remove(handed)).unwrap_or_else(|| json!(""));
        notification.insert(handed.to_owned(), value);
    }
    for (name, absent) in [
        ("Subject", Value::Null),
        ("MessageAttributes", json!({})),
        ("SignatureVersion", json!("1")),
        ("Signature", json!("")),
    ] {
        notification.entry(name).or_insert(absent);
    }
    // The queue does not tell the subscription; the topic does for a function, which has one subscription to it.
    let subscription = notification.get("TopicArn").cloned();
    Ok(json!({
        "Records": [{
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": subscription,
            "Sns": notification,
        }]
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification() -> Value {
        json!({
            "Type": "Notification",
            "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
            "TopicArn": "arn:aws:sns:us-east-1:000000000000:aiops-anomalies",
            "Message": "{\"schema\":\"nightjar.anomaly/1\"}",
            "Timestamp": "2026-11-21T10:00:00.000Z",
            "SignatureVersion": "1",
            "Signature": "c2ln",
            "SigningCertURL": "https://sns.us-east-1.amazonaws.com/cert.pem",
            "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
            "MessageAttributes": { "kind": { "Type": "String", "Value": "anomaly" } },
        })
    }

    #[test]
    fn the_record_of_a_failed_invocation_gives_back_its_payload() {
        let payload = json!({ "Records": [{ "EventSource": "aws:sns" }] });
        let record = json!({
            "version": "1.0",
            "requestContext": { "condition": "RetriesExhausted", "approximateInvokeCount": 3 },
            "requestPayload": payload,
            "responsePayload": { "errorMessage": "boom" },
        });
        let letter = DeadLetter::recognise(&record.to_string()).unwrap();
        assert_eq!(letter, DeadLetter::Failed { event: payload });
    }

    #[test]
    fn a_notification_is_wrapped_as_sns_hands_it_to_lambda() {
        let letter = DeadLetter::recognise(&notification().to_string()).unwrap();
        let record = &letter.event()["Records"][0];
        assert_eq!(record["EventSource"], "aws:sns");
        assert_eq!(record["Sns"]["Message"], notification()["Message"]);
        assert_eq!(record["Sns"]["SigningCertUrl"], notification()["SigningCertURL"]);
        assert_eq!(record["Sns"]["MessageAttributes"]["kind"]["Value"], "anomaly");
        assert_eq!(record["Sns"].get("SigningCertURL"), None);
    }

    #[test]
    fn an_event_of_eventbridge_is_handed_on_as_it_is() {
        let event = json!({ "version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} });
        let letter = DeadLetter::recognise(&event.to_string()).unwrap();
        assert_eq!(letter, DeadLetter::Unmatched { event });
    }

    #[rstest::rstest]
    #[case::text("hello", "it is not JSON")]
    #[case::list("[1]", "it is neither")]
    #[case::anything("{\"a\": 1}", "it is neither")]
    #[case::no_payload("{\"requestPayload\": null}", "it is neither")]
    #[case::confirmation("{\"Type\": \"SubscriptionConfirmation\"}", "it is neither")]
    #[case::no_message(
        "{\"Type\": \"Notification\", \"MessageId\": \"1\", \"TopicArn\": \"t\"}",
        "an SNS notification without Message"
    )]
    fn other_messages_are_not_guessed_at(#[case] body: &str, #[case] reason: &str) {
        let error = DeadLetter::recognise(body).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
