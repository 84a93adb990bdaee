//! The post-incident record: everything that is known of an incident as Markdown, ready to be filed. Instants are UTC. Pure.

mod markdown;

use jiff::Timestamp;
use serde_json::Value;

use self::markdown::{escape, fence, list, table};
use crate::audit::Fact;
use crate::diagnosis::{Argument, Cause, LogPattern, UNKNOWN, number};
use crate::feedback::FeedbackVerdict;
use crate::incident::{Incident, Status};
use crate::incident_times::time_to;

/// Kinds of facts that tell what was done about an incident, beside the changes of its status.
const DEEDS: [&str; 4] = ["remediation.", "notification.", "alert.", "feedback."];

/// The record of `incident`. `facts` are what the audit trail has about it, in any order; `is_whole`: these are all.
pub fn record(incident: &Incident, facts: &[Fact], is_whole: bool) -> String {
    let sections = [
        format!("# {}\n\n{}", escape(&incident.title), head(incident)),
        section("Summary", &escape(&incident.finding.summary)),
        section("What was abnormal", &abnormal(incident)),
        section("Causes, likeliest first", &causes(incident)),
        section("Evidence in the logs", &logs(incident)),
        section("Changes before", &changes(incident)),
        section("Timeline", &timeline(incident, facts, is_whole)),
        section("What could not be read", &gaps(incident)),
        section("To look again", &look_again(incident)),
        section("To follow up", &list(&follow_ups(incident), "")),
    ];
    sections.join("\n\n") + "\n"
}

fn section(heading: &str, text: &str) -> String {
    format!("## {heading}\n\n{text}")
}

fn head(incident: &Incident) -> String {
    let took = |status, not: &str| match time_to(incident, status) {
        Some(took) => format!("{took:#}"),
        None => not.to_owned(),
    };
    let rows = [
        ["Incident".to_owned(), format!("`{}`", incident.id)],
        ["Kind".to_owned(), incident.kind.as_str().to_owned()],
        ["Severity".to_owned(), incident.severity.as_str().to_owned()],
        ["Status".to_owned(), incident.status.as_str().to_owned()],
        ["Resource".to_owned(), escape(&incident.anomaly.resource.arn)],
        ["Opened".to_owned(), instant(incident.opened_at)],
        ["Time to acknowledge".to_owned(), took(Status::Acknowledged, "not acknowledged")],
        ["Time to resolve".to_owned(), took(Status::Resolved, "not resolved")],
        ["Reach".to_owned(), escape(&incident.finding.blast_radius.text())],
    ];
    table(["", ""], rows)
}

fn abnormal(incident: &Incident) -> String {
    let anomaly = &incident.anomaly;
    let expected = &anomaly.expected;
    let reasons: Vec<String> = anomaly.reasons.iter().map(|reason| escape(reason)).collect();
    let measured = format!(
        "{} {} was {}; expected was {}, usually {} ({} to {}, score {:.3}, detector {}).",
        escape(&anomaly.metric.namespace),
        escape(&anomaly.metric.name),
        number(anomaly.observed),
        expected.text(),
        number(expected.typical),
        instant(anomaly.window_start),
        instant(anomaly.window_end),
        anomaly.score,
        escape(&anomaly.detector),
    );
    if reasons.is_empty() { measured } else { format!("{measured}\n\n{}", list(&reasons, "")) }
}

fn causes(incident: &Incident) -> String {
    let told: Vec<String> = incident.finding.causes.iter().map(cause).collect();
    if told.is_empty() { "None was looked for.".to_owned() } else { told.join("\n\n") }
}

fn cause(cause: &Cause) -> String {
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let arguments = |word: &str, arguments: &[Argument]| -> Vec<String> {
        arguments.iter().map(|one| format!("{word} ({}): {}", percent(one.weight), escape(&one.text))).collect()
    };
    let weighed = [arguments("for", &cause.supports), arguments("against", &cause.contradicts)].concat();
    let parts = [
        format!("### {} ({})", escape(&cause.title()), percent(cause.confidence)),
        list(&weighed, ""),
        if cause.next_step.is_empty() { String::new() } else { format!("Next step: {}", escape(&cause.next_step)) },
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

fn logs(incident: &Incident) -> String {
    let told: Vec<String> = incident.finding.patterns.iter().map(pattern).collect();
    if told.is_empty() { "No log lines were found.".to_owned() } else { told.join("\n\n") }
}

fn pattern(pattern: &LogPattern) -> String {
    let before = pattern.baseline_count.map_or_else(String::new, |before| format!(" (before: {before} ×)"));
    format!(
        "**{}**, {} ×{before} in {}, {} to {}:\n\n{}",
        pattern.change.as_str(),
        pattern.count,
        escape(&pattern.log_group),
        instant(pattern.first_at),
        instant(pattern.last_at),
        fence(&pattern.sample, "")
    )
}

fn changes(incident: &Incident) -> String {
    let told: Vec<String> = incident
        .finding
        .changes
        .iter()
        .map(|change| {
            let touches = change.touches.as_ref().map_or_else(String::new, |touches| format!(" – {}", escape(touches)));
            let [event, service, by, from] =
                [&change.event, &change.service, &change.by, &change.from].map(|text| escape(text));
            format!("{}: {event} ({service}) by {by} from {from}{touches}", instant(change.at))
        })
        .collect();
    list(&told, "None was found.")
}

/// Changes of status and what was done, in order of time.
fn timeline(incident: &Incident, facts: &[Fact], is_whole: bool) -> String {
    let changed = incident.timeline.iter().map(|change| {
        let what = match &change.evidence {
            Some(evidence) => format!("evidence {}", escape(evidence)),
            None => change.to.as_str().to_owned(),
        };
        (change.at, [instant(change.at), escape(&change.by), what, escape(&change.why)])
    });
    let done = facts.iter().filter(|fact| DEEDS.iter().any(|kind| fact.kind.as_str().starts_with(kind))).map(|fact| {
        let what = format!("{} {}", fact.kind.as_str(), escape(&fact.subject));
        (fact.at, [instant(fact.at), escape(&fact.actor), what, escape(&words(&fact.details))])
    });
    let mut rows: Vec<(Timestamp, [String; 4])> = changed.chain(done).collect();
    rows.sort_by_key(|(at, _)| *at);
    let told = table(["when", "who", "what", "why"], rows.into_iter().map(|(_, row)| row));
    let cut = "The audit trail was not read back to the beginning: `nightjar audit export` has all of it.";
    if is_whole { told } else { format!("{told}\n\n{cut}") }
}

/// The words in a fact's details.
fn words(details: &Value) -> String {
    let Value::Object(fields) = details else { return String::new() };
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    fields.iter().map(|(name, value)| format!("{name} {}", word(value))).collect::<Vec<_>>().join("; ")
}

fn gaps(incident: &Incident) -> String {
    let gaps = incident.finding.gaps.iter().map(|gap| format!("{}: {}", escape(&gap.source), escape(&gap.reason)));
    list(&gaps.collect::<Vec<_>>(), "Nothing.")
}

fn look_again(incident: &Incident) -> String {
    let id = &incident.id;
    let mut parts: Vec<String> = incident
        .finding
        .searches
        .iter()
        .map(|search| {
            let groups = escape(&search.log_groups.join(", "));
            let (from, until) = (instant(search.from), instant(search.until));
            format!("{groups}, {from} to {until}:\n\n{}", fence(&search.query, ""))
        })
        .collect();
    parts.push(fence(&format!("nightjar explain {id}\nnightjar events show {id}\nnightjar audit verify"), "sh"));
    parts.push(format!("Searches cost {:.4} USD.", incident.finding.cost_usd));
    parts.join("\n\n")
}

fn follow_ups(incident: &Incident) -> Vec<String> {
    let finding = &incident.finding;
    let mut questions = Vec::new();
    if finding.causes.first().is_none_or(|cause| cause.kind == UNKNOWN) {
        questions.push("No cause was found: what was missing to find one?".to_owned());
    }
    questions.push("What would have kept this from happening?".to_owned());
    questions.push("What would have shown it earlier?".to_owned());
    if !finding.gaps.is_empty() {
        questions.push(format!("Close the gaps above ({}).", finding.gaps.len()));
    }
    if time_to(incident, Status::Acknowledged).is_none() {
        questions.push("Nobody acknowledged it: who should have been told?".to_owned());
    }
    if let Some(feedback) = incident.feedback.as_ref().filter(|said| said.verdict == FeedbackVerdict::FalsePositive) {
        questions
            .push(format!("It was called a false positive ({}): has the bar risen enough?", escape(&feedback.why)));
    }
    questions.into_iter().map(|question| format!("[ ] {question}")).collect()
}

/// Such as `2026-11-21 10:04:05 UTC`.
fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
