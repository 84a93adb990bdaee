//! Envelopes in and out of SNS.

use aws_lambda_events::event::sns::SnsEvent;
use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use nightjar_domain::envelope::{Envelope, MAX_MESSAGE_BYTES, Message, ParseError};

/// Room left for SNS's own fields and the message attributes.
const RESERVED_BYTES: usize = 2048;

/// Publishing failed; the caller's invocation fails with it, so that it is retried.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error("the message {id} cannot be written as JSON: {source}")]
    Json { id: String, source: serde_json::Error },
    #[error("the message {id} has {bytes} bytes, above the {limit} that SNS accepts")]
    TooLarge { id: String, bytes: usize, limit: usize },
    #[error("SNS did not accept the message {id} for {topic}: {source}")]
    Sns { id: String, topic: String, source: Box<aws_sdk_sns::Error> },
}

/// What a person reads who is subscribed by email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readable {
    pub subject: String,
    pub text: String,
}

/// Publishes to one topic.
#[derive(Debug, Clone)]
pub struct Publisher {
    client: Client,
    topic_arn: String,
}

impl Publisher {
    pub fn new(client: Client, topic_arn: String) -> Self {
        Self { client, topic_arn }
    }

    /// Publishes `envelope`. With `readable`, email subscribers get that text and all others the JSON.
    pub async fn publish<T: Message>(
        &self,
        envelope: &Envelope<T>,
        readable: Option<Readable>,
    ) -> Result<(), PublishError> {
        let json = |source| PublishError::Json { id: envelope.id.clone(), source };
        let payload = serde_json::to_string(envelope).map_err(json)?;
        let mut request =
            self.client.publish().topic_arn(&self.topic_arn).set_message_attributes(Some(attributes(&envelope.body)));
        let message = match readable {
            None => payload,
            Some(readable) => {
                request = request.subject(readable.subject).message_structure("json");
                serde_json::to_string(&serde_json::json!({ "default": payload, "email": readable.text }))
                    .map_err(json)?
            }
        };
        let limit = MAX_MESSAGE_BYTES - RESERVED_BYTES;
        if message.len() > limit {
            return Err(PublishError::TooLarge { id: envelope.id.clone(), bytes: message.len(), limit });
        }
        request.message(message).send().await.map_err(|error| PublishError::Sns {
            id: envelope.id.clone(),
            topic: self.topic_arn.clone(),
            source: Box::new(error.into()),
        })?;
        Ok(())
    }
}

fn attributes<T: Message>(body: &T) -> std::collections::HashMap<String, MessageAttributeValue> {
    [("kind", T::KIND), ("severity", body.severity().as_str()), ("resource_type", body.resource_type())]
        .into_iter()
        .filter_map(|(name, value)| {
            let attribute = MessageAttributeValue::builder().data_type("String").string_value(value).build().ok()?;
            Some((name.to_owned(), attribute))
        })
        .collect()
}

/// The texts of the messages in an SNS event; SNS delivers one a time.
pub fn messages(event: &SnsEvent) -> impl Iterator<Item = &str> {
    event.records.iter().map(|record| record.sns.message.as_str())
}

/// Reads all messages of an event as `T`. One that cannot be read fails the event, which then ends in the
/// dead-letter queue with its reason in the log.
pub fn envelopes<T: Message>(event: &SnsEvent) -> Result<Vec<Envelope<T>>, ParseError> {
    messages(event).map(Envelope::parse).collect()
}
