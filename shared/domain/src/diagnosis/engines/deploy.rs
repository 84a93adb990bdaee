//! A release brought the trouble: somebody deployed, and errors that nobody saw before began after it.

use jiff::SignedDuration;

use super::super::case::Case;
use super::super::change::ChangeKind;
use super::super::facts::Facts;
use super::super::finding::Cause;
use super::super::reading::Mark;
use crate::evidence::Change;
use crate::severity::Severity;

pub(super) const KIND: &str = "bad_deploy";

/// What an instance brought with it shows soon.
const NEW_INSTANCE: SignedDuration = SignedDuration::from_mins(30);

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let mut case =
        Case::new(KIND, Severity::High, "Roll back to the version before, then read the first new stack trace.")
            .logs(facts);
    let broken = !case.is_empty();
    let errors = facts.new_error_events();
    let deploys = facts.changes_of(&[ChangeKind::Deploy]);
    if let Some((change, nearness)) = deploys.first() {
        let weight = match (&change.touches, broken, errors > 0) {
            (Some(_), true, _) => 0.75,
            (Some(_), false, true) => 0.6,
            (Some(_), false, false) | (None, true, _) => 0.45,
            (None, false, _) => 0.0,
        };
        case = case.supports_if(weight > 0.0, weight * nearness, deployed(change));
    }
    let marker = facts.mark(Mark::Deploy);
    if let Some((template, count)) = marker.filter(|_| errors > 0) {
        let weight = if broken { 0.45 } else { 0.2 };
        case = case.supports(weight, format!("a start or release shows in the logs: {count} × {template:?}"));
    }
    if let Some(age) = facts.age_at_onset().filter(|age| *age <= NEW_INSTANCE && (broken || errors > 0)) {
        let text = format!("the instance runs only for {} minutes: its image and its user data are new", age.as_mins());
        case = case.supports(0.3, text);
    }
    let nobody_deployed = facts.anomaly.is_some() && deploys.is_empty() && !facts.could_not_read("cloudtrail");
    case.contradicts_if(nobody_deployed && marker.is_none(), 0.25, "nothing was deployed in the hours before").finish()
}

pub(super) fn deployed(change: &Change) -> String {
    let what = change.touches.as_ref().map(|touches| format!(", {touches}")).unwrap_or_default();
    format!("{} by {} at {}{what}", change.event, change.by, change.at)
}
