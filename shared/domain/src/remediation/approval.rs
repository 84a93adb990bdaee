//! Approvals: the ticket that a person holds, and why one may be refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::{Claim, ClaimState};
use crate::id::IncidentId;

/// What a token says, before anybody knows whether it is genuine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub incident: IncidentId,
    pub expires_at: Timestamp,
}

/// Why an approval is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("this is no approval token; copy it whole from the message")]
    Malformed,
    #[error("the token is not genuine: it was changed, or belongs to another approval")]
    Tampered,
    #[error("the approval expired at {0}")]
    Expired(Timestamp),
    #[error("the approval was used: {by} {verb} it at {at}")]
    Used { by: String, verb: &'static str, at: Timestamp },
    #[error("nothing waits for this approval any more")]
    NotWaiting,
}

impl Ticket {
    /// The ticket that belongs to a claim which waits for a word.
    pub fn of(claim: &Claim) -> Option<Self> {
        let ClaimState::AwaitingApproval { until, .. } = &claim.state else { return None };
        Some(Self { incident: claim.incident.clone(), expires_at: *until })
    }

    /// What is signed. The fingerprint comes from the claim: a token is good for one situation only.
    pub fn message(&self, fingerprint: &str) -> String {
        format!("nightjar.approval/1|{}|{}|{fingerprint}", self.incident, self.expires_at.as_second())
    }

    /// The token that is handed out.
    pub fn token(&self, mac: &[u8]) -> String {
        format!("{}.{}.{}", self.incident, self.expires_at.as_second(), URL_SAFE_NO_PAD.encode(mac))
    }

    /// Reads a token into the ticket and the signature on it.
    pub fn read(token: &str) -> Result<(Self, Vec<u8>), Refusal> {
        let parts: Vec<&str> = token.trim().split('.').collect();
        let [incident, expires, mac] = parts.as_slice() else { return Err(Refusal::Malformed) };
        let incident = IncidentId::parse(incident).ok_or(Refusal::Malformed)?;
        let seconds = expires.parse().map_err(|_| Refusal::Malformed)?;
        let expires_at = Timestamp::from_second(seconds).map_err(|_| Refusal::Malformed)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| Refusal::Malformed)?;
        Ok((Self { incident, expires_at }, mac))
    }

    /// The fingerprint that the signature must cover, if the claim still waits for a word.
    pub fn fingerprint<'a>(&self, claim: &'a Claim, now: Timestamp) -> Result<&'a str, Refusal> {
        let ClaimState::AwaitingApproval { until, fingerprint, decision, .. } = &claim.state else {
            return Err(Refusal::NotWaiting);
        };
        if let Some(decision) = decision {
            let verb = if decision.approved { "approved" } else { "denied" };
            return Err(Refusal::Used { by: decision.by.clone(), verb, at: decision.at });
        }
        if now >= *until {
            return Err(Refusal::Expired(*until));
        }
        if *until != self.expires_at {
            return Err(Refusal::Tampered);
        }
        Ok(fingerprint)
    }
}
