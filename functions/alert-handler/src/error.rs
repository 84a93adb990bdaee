//! Why an invocation fails.

use std::fmt;

use nightjar_aws::stores::StoreError;
use nightjar_domain::envelope::Message;
use nightjar_domain::envelope::ParseError;
use nightjar_domain::incident::Incident;
use nightjar_domain::remediation::RemediationOutcome;

use crate::channels::RenderError;
use crate::http::SendError;

/// The invocation failed. Lambda retries it, then the message waits in the dead-letter queue.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    #[error(transparent)]
    Malformed(#[from] ParseError),
    #[error(
        "schema {found:?} is not known here, {} and {} are: deploy matching versions of all functions, then redrive \
         the dead-letter queue",
        Incident::SCHEMA,
        RemediationOutcome::SCHEMA
    )]
    UnknownSchema { found: String },
    #[error("not delivered: {}", Undelivered::list(.0))]
    Undelivered(Vec<Undelivered>),
}

/// One channel that an alert did not reach.
#[derive(Debug)]
pub struct Undelivered {
    pub channel: &'static str,
    /// The id of the notice.
    pub notice: String,
    pub because: DeliveryError,
}

/// Why one channel failed.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("another invocation may be sending it at this moment; the retry will see how that ended")]
    InFlight,
}

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}: {}", self.notice, self.channel, self.because)
    }
}

impl Undelivered {
    fn list(all: &[Self]) -> String {
        all.iter().map(Self::to_string).collect::<Vec<_>>().join("; ")
    }
}
