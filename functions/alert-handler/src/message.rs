//! One message of the topics, read.

use nightjar_domain::alert::Notice;
use nightjar_domain::coverage::digest::CoverageDigest;
use nightjar_domain::envelope::{Envelope, Message, ParseError, schema_of};
use nightjar_domain::incident::Incident;
use nightjar_domain::incident_change::IncidentChange;
use nightjar_domain::remediation::RemediationOutcome;
use nightjar_domain::resource::ResourceRef;
use nightjar_domain::routing::Alert;
use serde_json::Value;

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Something that people may have to know.
    Alert(Box<Raised>),
    /// Somebody acknowledged, suppressed or resolved an incident.
    Change(Box<IncidentChange>),
}

/// An alert and the message it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    pub alert: Alert,
    pub resource: ResourceRef,
    /// The message as it was published.
    pub envelope: String,
}

/// A message cannot be read. It stays in the dead-letter queue until somebody mends its producer.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error(transparent)]
    Malformed(#[from] ParseError),
    #[error(
        "schema {found:?} is not known here, {}, {}, {} and {} are: deploy matching versions of all functions, then redrive \
         the dead-letter queue",
        Incident::SCHEMA,
        RemediationOutcome::SCHEMA,
        CoverageDigest::SCHEMA,
        IncidentChange::SCHEMA
    )]
    UnknownSchema { found: String },
}

/// Reads a message of any of the schemas.
pub fn parse(text: &str) -> Result<Told, Unreadable> {
    let raised = |alert, resource| Told::Alert(Box::new(Raised { alert, resource, envelope: text.to_owned() }));
    match schema_of(text)?.as_str() {
        Incident::SCHEMA => {
            let envelope = Envelope::<Incident>::parse(text)?;
            Ok(raised(Alert::from(&envelope.body), envelope.body.anomaly.resource))
        }
        RemediationOutcome::SCHEMA => {
            let envelope = Envelope::<RemediationOutcome>::parse(text)?;
            Ok(raised(Alert::from(&envelope), envelope.body.resource))
        }
        CoverageDigest::SCHEMA => {
            let envelope = Envelope::<CoverageDigest>::parse(text)?;
            Ok(raised(Alert::from(&envelope), envelope.body.resource))
        }
        IncidentChange::SCHEMA => Ok(Told::Change(Box::new(Envelope::<IncidentChange>::parse(text)?.body))),
        unknown => Err(Unreadable::UnknownSchema { found: unknown.to_owned() }),
    }
}

/// What people read of a message, and its body as it was published. `None` for a message that tells nobody anything.
pub fn notice(text: &str) -> Option<(Notice, Value)> {
    let notice = match schema_of(text).ok()?.as_str() {
        Incident::SCHEMA => Notice::from(&Envelope::<Incident>::parse(text).ok()?),
        RemediationOutcome::SCHEMA => Notice::from(&Envelope::<RemediationOutcome>::parse(text).ok()?),
        CoverageDigest::SCHEMA => Notice::from(&Envelope::<CoverageDigest>::parse(text).ok()?),
        _ => return None,
    };
    let published: Envelope<Value> = serde_json::from_str(text).ok()?;
    Some((notice, published.body))
}
