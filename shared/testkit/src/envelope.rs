//! Messages as they travel.

use aws_lambda_events::event::sns::SnsEvent;
use nightjar_domain::envelope::{Envelope, Message};

use crate::time::now;

/// `body` as the first message of a chain, sent at [`now`].
pub fn envelope_of<T: Message>(body: T) -> Envelope<T> {
    Envelope::first(body, now())
}

/// `message` as SNS hands it to a function.
///
/// # Panics
/// When `aws_lambda_events` no longer reads the form that SNS sends.
#[allow(clippy::expect_used, reason = "only tests call this, and such a change must stop them")]
pub fn sns_event(message: &str) -> SnsEvent {
    let topic = "arn:aws:sns:us-east-1:000000000000:aiops-topic";
    serde_json::from_value(serde_json::json!({ "Records": [{
        "EventVersion": "1.0",
        "EventSubscriptionArn": format!("{topic}:1"),
        "EventSource": "aws:sns",
        "Sns": {
            "Type": "Notification",
            "MessageId": "1",
            "TopicArn": topic,
            "Message": message,
            "Timestamp": now().to_string(),
            "MessageAttributes": {},
            "SignatureVersion": "1",
            "Signature": "",
            "SigningCertUrl": "",
            "UnsubscribeUrl": ""
        }
    }]}))
    .expect("an event of the form that SNS sends")
}
