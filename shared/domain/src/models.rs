//! Which trained model judges what: scopes, and the pointer that names a scope's model.
//!
//! Every version stays as it was written; what changes is the pointer, by one revision at a time. It keeps the version before the
//! current one, so that a step back needs no search.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audit::{Fact, FactKind};
use crate::metric::Metric;

/// What a model is for. The narrowest scope that has one judges a series.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ModelScope {
    /// One resource, by the short id people use: only where somebody asked for it.
    Resource(String),
    /// One metric of all resources.
    Metric { namespace: String, name: String },
    /// Everything in the account and region.
    Account,
}

impl ModelScope {
    pub fn of_metric(metric: &Metric) -> Self {
        Self::Metric { namespace: metric.namespace.clone(), name: metric.name.clone() }
    }

    /// The scopes whose models may judge a series, narrowest first. Where none has a model, the bundled one judges.
    pub fn chain(resource_id: &str, metric: &Metric) -> [Self; 3] {
        [Self::Resource(resource_id.to_owned()), Self::of_metric(metric), Self::Account]
    }
}

impl fmt::Display for ModelScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resource(id) => write!(f, "resource:{id}"),
            Self::Metric { namespace, name } => write!(f, "metric:{namespace}/{name}"),
            Self::Account => f.write_str("account"),
        }
    }
}

/// The text names no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no scope: write account, metric:NAMESPACE/NAME or resource:ID")]
pub struct UnknownScope(String);

impl FromStr for ModelScope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownScope(text.to_owned());
        match text.split_once(':') {
            None if text == "account" => Ok(Self::Account),
            Some(("resource", id)) if !id.is_empty() => Ok(Self::Resource(id.to_owned())),
            Some(("metric", path)) => match path.rsplit_once('/') {
                Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
                    Ok(Self::Metric { namespace: namespace.to_owned(), name: name.to_owned() })
                }
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }
}

impl TryFrom<String> for ModelScope {
    type Error = UnknownScope;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ModelScope> for String {
    fn from(scope: ModelScope) -> Self {
        scope.to_string()
    }
}

/// One trained model, as it is named everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelName {
    /// What anomalies carry: format version and the first digits of the SHA-256.
    pub version: String,
    /// SHA-256 of the artifact's content, hexadecimal: the key it is stored under.
    pub sha256: String,
    /// RFC 3339, as the training wrote it.
    pub trained_at: String,
}

/// A candidate, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Considered {
    pub model: ModelName,
    /// SHA-256 of what it was trained on: the same data are not considered twice.
    pub data_sha256: String,
    pub promoted: bool,
    /// In words.
    pub why: String,
    /// Candidate and current model on history that neither was trained on.
    pub comparison: Value,
    /// The function or person that trained it.
    pub by: String,
    pub at: Timestamp,
}

/// The last time a scope's model was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub by: String,
    pub at: Timestamp,
    pub why: String,
}

/// A scope's model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pointer {
    pub scope: ModelScope,
    /// None: the next scope's model judges, in the end the bundled one.
    pub current: Option<ModelName>,
    /// What a rollback goes back to; None is the next scope's, as above.
    pub previous: Option<ModelName>,
    /// The newest candidate.
    pub considered: Option<Considered>,
    pub changed: Option<Change>,
    /// Grows by one with every change: the condition of the next write.
    pub revision: u64,
}

/// There is no version to go back to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} never had a model of its own: there is nothing to go back to")]
pub struct NothingBefore(pub ModelScope);

impl Pointer {
    /// A scope that never had a model.
    pub fn new(scope: ModelScope) -> Self {
        Self { scope, current: None, previous: None, considered: None, changed: None, revision: 0 }
    }

    /// Whether the same data led to a decision already.
    pub fn has_considered(&self, data_sha256: &str) -> bool {
        self.considered.as_ref().is_some_and(|candidate| candidate.data_sha256 == data_sha256)
    }

    /// The pointer after a candidate was promoted or rejected.
    #[must_use]
    pub fn after(&self, candidate: Considered) -> Self {
        let mut next = Self { revision: self.revision + 1, ..self.clone() };
        if candidate.promoted {
            if self.current.as_ref().is_none_or(|current| current.sha256 != candidate.model.sha256) {
                next.previous.clone_from(&self.current);
            }
            next.current = Some(candidate.model.clone());
            next.changed = Some(Change { by: candidate.by.clone(), at: candidate.at, why: candidate.why.clone() });
        }
        next.considered = Some(candidate);
        next
    }

    /// The pointer after a step back. A second step goes forward again: nothing is lost by trying.
    pub fn rolled_back(&self, by: &str, at: Timestamp, why: &str) -> Result<Self, NothingBefore> {
        if self.current.is_none() && self.previous.is_none() {
            return Err(NothingBefore(self.scope.clone()));
        }
        Ok(Self {
            current: self.previous.clone(),
            previous: self.current.clone(),
            changed: Some(Change { by: by.to_owned(), at, why: why.to_owned() }),
            revision: self.revision + 1,
            ..self.clone()
        })
    }

    /// The versions that must not expire.
    pub fn kept(&self) -> impl Iterator<Item = &ModelName> {
        [&self.current, &self.previous].into_iter().flatten()
    }

    /// What the audit trail hears of the newest candidate: the same on every delivery.
    pub fn candidate_fact(&self) -> Option<Fact> {
        let candidate = self.considered.as_ref()?;
        let kind = if candidate.promoted { FactKind::ModelPromoted } else { FactKind::ModelRejected };
        let details = serde_json::json!({
            "scope": self.scope,
            "version": candidate.model.version,
            "sha256": candidate.model.sha256,
            "data_sha256": candidate.data_sha256,
            "why": candidate.why,
            "comparison": candidate.comparison,
        });
        let subject = self.scope.to_string();
        Some(Fact::new(kind, &candidate.by, &subject, Some(&candidate.model.sha256), candidate.at, details))
    }

    /// What the audit trail hears of a step back, told of the pointer that followed it.
    pub fn rollback_fact(&self) -> Option<Fact> {
        let change = self.changed.as_ref()?;
        let details = serde_json::json!({
            "scope": self.scope,
            "from": self.previous.as_ref().map(|model| &model.version),
            "to": self.current.as_ref().map(|model| &model.version),
            "why": change.why,
        });
        let because = format!("revision {}", self.revision);
        let subject = self.scope.to_string();
        Some(Fact::new(FactKind::ModelRolledBack, &change.by, &subject, Some(&because), change.at, details))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn name(sha256: &str) -> ModelName {
        ModelName { version: format!("1+sha256:{sha256}"), sha256: sha256.to_owned(), trained_at: String::new() }
    }

    fn candidate(sha256: &str, promoted: bool) -> Considered {
        Considered {
            model: name(sha256),
            data_sha256: format!("data of {sha256}"),
            promoted,
            why: "a test".to_owned(),
            comparison: json!({}),
            by: "model-trainer".to_owned(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[rstest::rstest]
    #[case("account", Some(ModelScope::Account))]
    #[case("resource:i-1", Some(ModelScope::Resource("i-1".to_owned())))]
    #[case("metric:AWS/EC2/CPUUtilization", Some(ModelScope::Metric { namespace: "AWS/EC2".to_owned(), name: "CPUUtilization".to_owned() }))]
    #[case("", None)]
    #[case("accounts", None)]
    #[case("resource:", None)]
    #[case("metric:CPUUtilization", None)]
    #[case("metric:/CPUUtilization", None)]
    #[case("metric:AWS/EC2/", None)]
    fn scopes_are_read_as_they_are_written(#[case] text: &str, #[case] expected: Option<ModelScope>) {
        assert_eq!(text.parse().ok(), expected);
        if let Some(scope) = expected {
            assert_eq!(scope.to_string(), text);
        }
    }

    #[test]
    fn a_promotion_keeps_the_version_before() {
        let first = Pointer::new(ModelScope::Account).after(candidate("a", true));
        assert_eq!((first.current.clone(), first.previous.clone(), first.revision), (Some(name("a")), None, 1));
        let second = first.after(candidate("b", true));
        assert_eq!((second.current.clone(), second.previous.clone()), (Some(name("b")), Some(name("a"))));
        let again = second.after(candidate("b", true));
        assert_eq!((again.current, again.previous), (Some(name("b")), Some(name("a"))));
    }

    #[test]
    fn a_rejection_is_remembered_and_moves_nothing() {
        let before = Pointer::new(ModelScope::Account).after(candidate("a", true));
        let after = before.after(candidate("b", false));
        assert_eq!(
            (&after.current, &after.previous, &after.changed),
            (&before.current, &before.previous, &before.changed)
        );
        assert!(after.has_considered("data of b") && !after.has_considered("data of a"));
        assert_eq!(after.candidate_fact().map(|fact| fact.kind), Some(FactKind::ModelRejected));
    }

    #[test]
    fn a_step_back_can_be_taken_back() {
        let there = Pointer::new(ModelScope::Account).after(candidate("a", true)).after(candidate("b", true));
        let back = there.rolled_back("alice", Timestamp::UNIX_EPOCH, "too loud").unwrap();
        assert_eq!((&back.current, &back.previous), (&Some(name("a")), &Some(name("b"))));
        let again = back.rolled_back("alice", Timestamp::UNIX_EPOCH, "it was not the model").unwrap();
        assert_eq!((&again.current, &again.previous), (&there.current, &there.previous));
        assert_ne!(back.rollback_fact().unwrap().id, again.rollback_fact().unwrap().id);
    }

    #[test]
    fn the_first_model_can_be_rolled_back_to_none() {
        let first = Pointer::new(ModelScope::Account).after(candidate("a", true));
        let back = first.rolled_back("alice", Timestamp::UNIX_EPOCH, "x").unwrap();
        assert_eq!((back.current, back.previous), (None, Some(name("a"))));
        assert!(Pointer::new(ModelScope::Account).rolled_back("alice", Timestamp::UNIX_EPOCH, "x").is_err());
    }
}
