//! Kinds of cause that a user added to the log signals: judged by their lines alone.

use super::super::case::Case;
use super::super::facts::Facts;
use super::super::finding::Cause;
use super::super::reading::is_mark;
use super::super::signals::LogSignals;

pub(super) fn examine<'a>(
    facts: &'a Facts<'_>,
    signals: &'a LogSignals,
    known: &'a [&str],
) -> impl Iterator<Item = Cause> + 'a {
    signals.causes().into_iter().filter(|kind| !is_mark(kind) && !known.contains(kind)).filter_map(|kind| {
        let severity = signals.severity_of(kind)?;
        Case::new(kind, severity, "Read the lines that point to it, and what changed before the first of them.")
            .logs(facts)
            .finish()
    })
}
