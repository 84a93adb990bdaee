//! What the function is woken by.

use aws_lambda_events::event::sns::SnsEvent;
use serde::Deserialize;
use serde_json::Value;

/// One invocation's reason.
#[derive(Debug)]
pub enum Event {
    /// Messages of the topics.
    Messages(SnsEvent),
    /// The schedule: look at what is due.
    Tick,
    /// A dead letter that somebody gives another try.
    Redeliver(Redelivery),
    /// Somebody tries a receiver out.
    Test { receiver: String },
}

/// A notification that was given up: its group is looked at again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Redelivery {
    pub group: nightjar_domain::routing::Group,
}

/// The event has none of the forms that the function knows.
#[derive(Debug, thiserror::Error)]
#[error(
    "the event is neither an SNS message (Records), nor the schedule's (detail-type), nor {{\"redeliver\": …}}, nor \
     {{\"test\": …}}: {0}"
)]
pub struct UnknownEvent(String);

impl Event {
    pub fn parse(event: Value) -> Result<Self, UnknownEvent> {
        let unknown = |error: serde_json::Error| UnknownEvent(error.to_string());
        if event.get("Records").is_some() {
            return serde_json::from_value(event).map(Self::Messages).map_err(unknown);
        }
        if event.get("detail-type").is_some_and(|kind| kind == "Scheduled Event") {
            return Ok(Self::Tick);
        }
        if let Some(redelivery) = event.get("redeliver") {
            return Redelivery::deserialize(redelivery).map(Self::Redeliver).map_err(unknown);
        }
        match event.get("test").and_then(|test| test.get("receiver")).and_then(Value::as_str) {
            Some(receiver) => Ok(Self::Test { receiver: receiver.to_owned() }),
            None => Err(UnknownEvent("none of these fields is there".to_owned())),
        }
    }
}
