//! The one form of every message on SNS.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::severity::Severity;

/// SNS accepts 256 KiB a message, attributes included; what is above this is cut before it is published.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// What a type needs to travel in an [`Envelope`].
pub trait Message: Serialize + DeserializeOwned {
    /// `nightjar.<kind>/<version>`; the version changes when an old reader could misread a new message.
    const SCHEMA: &'static str;
    /// The `kind` message attribute, for subscription filter policies.
    const KIND: &'static str;

    /// Derived from content, so that the same message published twice has the same id.
    fn message_id(&self) -> String;
    fn severity(&self) -> Severity;
    fn resource_type(&self) -> &str;
}

/// A message with where it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope<T> {
    pub schema: String,
    pub id: String,
    /// The id of the message that led to this one.
    pub caused_by: Option<String>,
    /// The id of the first message of the chain; the same in all that follow from it.
    pub trace: String,
    pub occurred_at: Timestamp,
    pub body: T,
}

impl<T: Message> Envelope<T> {
    /// Starts a chain.
    pub fn first(body: T, occurred_at: Timestamp) -> Self {
        let id = body.message_id();
        Self { schema: T::SCHEMA.to_owned(), trace: id.clone(), id, caused_by: None, occurred_at, body }
    }

    /// Continues the chain of `cause`.
    pub fn caused_by<C>(cause: &Envelope<C>, body: T, occurred_at: Timestamp) -> Self {
        Self {
            schema: T::SCHEMA.to_owned(),
            id: body.message_id(),
            caused_by: Some(cause.id.clone()),
            trace: cause.trace.clone(),
            occurred_at,
            body,
        }
    }

    /// Reads a message, and says clearly why one cannot be read.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let header: Header = serde_json::from_str(text).map_err(|source| ParseError::NotAnEnvelope { source })?;
        if header.schema != T::SCHEMA {
            return Err(ParseError::Schema { expected: T::SCHEMA, found: header.schema });
        }
        serde_json::from_str(text).map_err(|source| ParseError::Body { schema: T::SCHEMA, source })
    }
}

/// The schema of an envelope, read before its body.
#[derive(Deserialize)]
struct Header {
    schema: String,
}

/// The schema an envelope claims, for consumers of a topic that carries several kinds.
pub fn schema_of(text: &str) -> Result<String, ParseError> {
    let header: Header = serde_json::from_str(text).map_err(|source| ParseError::NotAnEnvelope { source })?;
    Ok(header.schema)
}

/// Why a message cannot be read. It stays in the dead-letter queue until somebody mends its producer.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    #[error("not a Nightjar envelope (a JSON object with schema, id, trace, occurred_at and body): {source}")]
    NotAnEnvelope { source: serde_json::Error },
    #[error(
        "schema {found:?} is not known here, {expected:?} is: deploy matching versions of all functions, then redrive the dead-letter queue"
    )]
    Schema { expected: &'static str, found: String },
    #[error("the body does not fit {schema}: {source}")]
    Body { schema: &'static str, source: serde_json::Error },
}
