//! Silences: what nobody wants to hear of for a while, with who said so, why, and until when.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::matcher::{Matcher, all_match};
use super::{Labels, Span};
use crate::id::SilenceId;

/// One silence. It holds from `starts_at` until before `ends_at`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    pub id: SilenceId,
    pub matchers: Vec<Matcher>,
    /// Who set it.
    pub owner: String,
    pub reason: String,
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

/// Everything that is wrong with a silence, at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the silence cannot be set: {}", .0.join("; "))]
pub struct BadSilence(pub Vec<String>);

impl Silence {
    /// A silence from `starts_at` to `ends_at`. Its id comes from its content, so that setting it twice sets it once.
    pub fn new(
        matchers: Vec<Matcher>,
        owner: &str,
        reason: &str,
        (starts_at, ends_at): (Timestamp, Timestamp),
        longest: Span,
        now: Timestamp,
    ) -> Result<Self, BadSilence> {
        let mut problems = Vec::new();
        if matchers.iter().all(Matcher::matches_nothing) {
            problems.push("at least one matcher must need a label: else it would silence everything".to_owned());
        }
        if owner.trim().is_empty() {
            problems.push("owner is empty: say who answers for it".to_owned());
        }
        if reason.trim().is_empty() {
            problems.push("reason is empty: say why".to_owned());
        }
        if ends_at <= starts_at || ends_at <= now {
            problems.push(format!("it ends at {ends_at}, before it can begin"));
        }
        if longest.after(starts_at).is_some_and(|latest| ends_at > latest) {
            problems.push(format!("it is longer than {longest}, the longest that silences.max_length allows"));
        }
        if !problems.is_empty() {
            return Err(BadSilence(problems));
        }
        let mut texts: Vec<String> = matchers.iter().map(ToString::to_string).collect();
        texts.extend([owner, reason, &starts_at.to_string(), &ends_at.to_string()].map(str::to_owned));
        let id = SilenceId::derive(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        Ok(Self { id, matchers, owner: owner.to_owned(), reason: reason.to_owned(), starts_at, ends_at })
    }

    pub fn is_active(&self, now: Timestamp) -> bool {
        (self.starts_at..self.ends_at).contains(&now)
    }

    /// Whether it holds `labels` back while it is active.
    pub fn holds_back(&self, labels: &Labels) -> bool {
        all_match(&self.matchers, labels)
    }

    /// Whether it held `labels` back at some time after `since`, and does so no longer at `now`.
    pub fn ended_for(&self, labels: &Labels, since: Timestamp, now: Timestamp) -> bool {
        self.starts_at < self.ends_at && since < self.ends_at && self.ends_at <= now && self.holds_back(labels)
    }

    /// Whether it holds `labels` back at `now`.
    pub fn mutes(&self, labels: &Labels, now: Timestamp) -> bool {
        self.is_active(now) && self.holds_back(labels)
    }
}
