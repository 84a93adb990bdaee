//! An incident of kind `security` in plain sentences.

use super::report::{Section, line, told};
use crate::security::{AttackStep, AttackStory};

/// Steps told; the rest is in the incident.
const STEPS: usize = 8;

/// The report, in the order in which somebody woken at night wants to know.
pub(super) fn report(story: &AttackStory) -> Vec<Section> {
    let worst = story.worst();
    told([
        ("What happened", steps(story)),
        ("Next step", worst.map(|step| line(&step.response)).into_iter().collect()),
        ("Why it matters", worst.map(|step| line(&step.why)).into_iter().collect()),
        ("Tactics", vec![story.tactics.join(" > ")]),
        ("From", vec![line(&story.addresses.join(", "))]),
        ("Sessions", vec![line(&story.sessions.join(", "))]),
        ("Look again", vec![look_again(story)]),
    ])
}

/// Labelled facts of the story, in the order they are shown.
pub(super) fn facts(story: &AttackStory) -> Vec<(&'static str, String)> {
    vec![
        ("Principal", story.principal.clone()),
        ("Region", format!("{} (account {})", story.regions.join(", "), story.account)),
        ("Time", format!("{} to {}", story.first_at, story.last_at)),
        ("Rules", format!("{} matched {} times", story.steps.len() as u64 + story.more_steps, story.matches)),
        ("Incident", story.id.to_string()),
    ]
}

fn steps(story: &AttackStory) -> Vec<String> {
    let mut lines: Vec<String> = story.steps.iter().take(STEPS).map(step).collect();
    let more = story.steps.len().saturating_sub(STEPS) as u64 + story.more_steps;
    lines.extend((more > 0).then(|| format!("and {more} more rules")));
    lines
}

fn step(step: &AttackStep) -> String {
    let on = step.target.as_ref().map(|target| format!(" on {target}")).unwrap_or_default();
    let refused = step.error.as_ref().map(|error| format!(", refused ({error})")).unwrap_or_default();
    let times = if step.times > 1 { format!(", {} times", step.times) } else { String::new() };
    line(&format!("{} [{}] {}: {}{on}{refused}{times}", step.at, step.severity, step.title, step.event_name))
}

fn look_again(story: &AttackStory) -> String {
    let first = story.steps.first();
    let id = first.map_or("", |step| step.event_id.as_str());
    format!("aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventId,AttributeValue={id}")
}
