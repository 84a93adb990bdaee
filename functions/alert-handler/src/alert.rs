//! One message of the critical-alerts topic.

use nightjar_domain::alert::Notice;
use nightjar_domain::envelope::{Envelope, Message, ParseError, schema_of};
use nightjar_domain::incident::Incident;
use nightjar_domain::remediation::RemediationOutcome;
use serde_json::Value;

use crate::error::AlertError;

/// What people are told, and the message it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    pub notice: Notice,
    /// The envelope's body exactly as it was published, for those who read it by program.
    pub body: Value,
}

impl Alert {
    /// Reads a message of either schema.
    pub fn parse(text: &str) -> Result<Self, AlertError> {
        match schema_of(text)?.as_str() {
            Incident::SCHEMA => Self::read::<Incident>(text),
            RemediationOutcome::SCHEMA => Self::read::<RemediationOutcome>(text),
            unknown => Err(AlertError::UnknownSchema { found: unknown.to_owned() }),
        }
    }

    fn read<T: Message>(text: &str) -> Result<Self, AlertError>
    where
        for<'a> Notice: From<&'a Envelope<T>>,
    {
        let envelope = Envelope::<T>::parse(text)?;
        let published: Envelope<Value> =
            serde_json::from_str(text).map_err(|source| ParseError::Body { schema: T::SCHEMA, source })?;
        Ok(Self { notice: Notice::from(&envelope), body: published.body })
    }
}
