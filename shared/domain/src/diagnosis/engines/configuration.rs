//! A setting, a permission or a network rule was changed, and what it governs fails since.

use super::super::case::Case;
use super::super::change::ChangeKind;
use super::super::facts::Facts;
use super::super::finding::Cause;
use super::super::reading::Mark;
use super::deploy::deployed;
use crate::severity::Severity;

pub(super) const KIND: &str = "configuration_change";

/// What fails when a change of the kind was wrong.
const CONSEQUENCES: &[(ChangeKind, &[&str])] = &[
    (ChangeKind::Network, &["dependency_failure", "dns_failure", "connection_pool_exhaustion", "configuration_change"]),
    (ChangeKind::Permission, &["authentication_failure", "configuration_change", "dependency_failure"]),
    (
        ChangeKind::Setting,
        &[
            "configuration_change",
            "dependency_failure",
            "dns_failure",
            "authentication_failure",
            "throttling",
            "connection_pool_exhaustion",
            "certificate_failure",
            "bad_deploy",
        ],
    ),
];

pub(super) fn examine(facts: &Facts<'_>) -> Option<Cause> {
    let mut case = Case::new(
        KIND,
        Severity::High,
        "Ask who made the change whether it was meant so, and take it back if the trouble began with it.",
    )
    .logs(facts);
    for (kind, consequences) in CONSEQUENCES {
        let Some((change, nearness)) = facts.changes_of(&[*kind]).into_iter().next() else { continue };
        let follows = consequences.iter().map(|cause| facts.log_support(cause)).fold(0.0, f64::max);
        let touches = change.touches.is_some();
        let weight = match (touches, follows >= 0.4) {
            (true, true) => 0.85,
            (true, false) => 0.4,
            (false, true) => 0.35,
            (false, false) => 0.0,
        };
        case = case.supports_if(weight > 0.0, weight * nearness, deployed(change));
    }
    // Enough to be named where nothing else is, and too little to explain other causes away: settings are reloaded every day.
    if let Some((template, count)) = facts.mark(Mark::Setting).filter(|_| facts.new_error_events() > 0) {
        case = case.supports(0.45, format!("the logs tell of a changed setting: {count} × {template:?}"));
    }
    case.finish()
}
