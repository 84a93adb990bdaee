//! Inhibition: an alert that explains others keeps them quiet while it fires.

use super::Labels;
use super::matcher::{Matcher, all_match};

/// While an alert fires that matches all of `source`, those that match all of `target` are held back where both have the
/// same values of `equal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InhibitRule {
    pub name: String,
    pub source: Vec<Matcher>,
    pub target: Vec<Matcher>,
    /// Labels; one that both lack counts as equal.
    pub equal: Vec<String>,
}

/// An alert that fires now and may inhibit others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Active {
    pub fingerprint: String,
    pub title: String,
    pub labels: Labels,
}

impl InhibitRule {
    pub fn can_inhibit(&self, labels: &Labels) -> bool {
        all_match(&self.source, labels)
    }

    /// The active alert that holds back the one with `fingerprint` and `labels`.
    ///
    /// As in Alertmanager, an alert that matches both sides of a rule is not inhibited by alerts of which the same is true:
    /// it would inhibit itself.
    pub fn source_of<'a>(&self, fingerprint: &str, labels: &Labels, active: &'a [Active]) -> Option<&'a Active> {
        if !all_match(&self.target, labels) {
            return None;
        }
        let both_sides = self.can_inhibit(labels);
        active.iter().find(|source| {
            source.fingerprint != fingerprint
                && self.can_inhibit(&source.labels)
                && !(both_sides && all_match(&self.target, &source.labels))
                && self.equal.iter().all(|name| source.labels.get(name) == labels.get(name))
        })
    }
}
