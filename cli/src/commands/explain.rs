//! `nightjar explain`: one incident on one screen, or why an alarm exists.

use anyhow::{Context as _, bail};
use nightjar_domain::alert::report;
use nightjar_domain::coverage::Explanation;
use nightjar_domain::incident::Incident;

use super::alarms::{self, plain};
use super::api_client::ApiArgs;
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// Such as inc_0123456789abcdef0123, or the word `alarm`.
    id: String,
    /// After `alarm`: the alarm's name.
    name: Option<String>,
    /// For an alarm: Terraform's name_prefix; the function is <prefix>-onboarding.
    #[arg(long, default_value = "aiops")]
    prefix: String,
    #[command(flatten)]
    api: ApiArgs,
}

pub(super) async fn run(args: &ExplainArgs, output: Output) -> anyhow::Result<Outcome> {
    match (args.id.as_str(), &args.name) {
        ("alarm", Some(name)) => return alarm(args, name, output).await,
        ("alarm", None) => bail!("which alarm? nightjar explain alarm NAME; nightjar alarms plan shows names"),
        (_, Some(name)) => bail!("{name:?} is one word too many: nightjar explain ID, or nightjar explain alarm NAME"),
        (_, None) => {}
    }
    let event = args.api.event(&args.id).await?;
    if output.is_json() {
        output.print(&event, |_| String::new())?;
    } else {
        let incident: Incident = serde_json::from_value(event)
            .context("the API's answer is no incident that this version knows: use the version that is deployed")?;
        output.print(&incident, explain)?;
    }
    Ok(Outcome::Fine)
}

async fn alarm(args: &ExplainArgs, name: &str, output: Output) -> anyhow::Result<Outcome> {
    let Some(explanation) = alarms::explanation(&args.api.aws(), &args.prefix, name).await? else {
        bail!("no alarm {name:?} is wanted: nightjar alarms plan shows those that are, and those that will be deleted");
    };
    output.print(&explanation, explain_alarm)?;
    Ok(Outcome::Fine)
}

/// Why it exists, and who says what of it.
fn explain_alarm(explanation: &Explanation) -> String {
    let Explanation { alarm, level, resource, resource_type, why, source, differs, values, in_force } = explanation;
    let state = if *in_force { "in force" } else { "not in force yet: nightjar alarms plan" };
    let mut lines = vec![
        format!("{} ({}, {state})", alarm.name, level.as_str()),
        format!("watches {} {} of {resource_type} {resource}", alarm.namespace, alarm.metric),
        why.clone(),
    ];
    if let Some(source) = source {
        let address = source.url.as_ref().map_or_else(String::new, |url| format!(" {url}"));
        lines.push(format!("source: {}{address}", source.title));
    }
    lines.extend(differs.iter().map(|differs| format!("differs: {differs}")));
    let rows = values.iter().map(|value| [value.name.clone(), value.value.clone(), value.place.clone()]);
    lines.push(table(&["value", "is", "said by"], rows));
    plain(&lines.join("\n"))
}

/// The page: what happened, what is known, what to do.
fn explain(incident: &Incident) -> String {
    let mut lines = vec![
        format!("{} {}  {}", incident.severity.as_str().to_uppercase(), incident.status.as_str(), incident.title),
        format!("{} opened {} in {}", incident.id, incident.opened_at, incident.anomaly.resource.region),
        incident.finding.summary.clone(),
    ];
    for section in report(incident) {
        lines.push(String::new());
        lines.push(section.heading.to_uppercase());
        lines.extend(section.lines.iter().map(|line| format!("  {line}")));
    }
    // A log line may hold the escape codes of a terminal.
    lines.join("\n").replace(|c: char| c.is_control() && c != '\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightjar_testkit::incident;

    #[test]
    fn an_incident_fits_one_screen() {
        let page = explain(&incident());
        insta::assert_snapshot!(page);
        assert!(page.lines().count() <= 50, "{page}");
    }

    #[test]
    fn an_alarm_is_explained_with_who_says_what() {
        let explanation: Explanation = serde_json::from_value(serde_json::json!({
            "alarm": {
                "name": "aiops-work-Age-critical-0123456789", "description": "", "namespace": "AWS/SQS", "metric": "Age",
                "dimensions": {}, "statistic": "Maximum", "period_seconds": 60, "datapoints_to_alarm": 15,
                "evaluation_periods": 15, "comparison": "at_or_above", "threshold": 60.0, "missing_data": "missing",
                "alarm_actions": [], "ok_actions": [] },
            "level": "critical", "resource": "arn:1", "resource_type": "sqs:queue", "why": "Work waits.", "differs": null,
            "source": { "title": "AWS", "url": "https://docs.aws.amazon.com/" }, "in_force": true,
            "values": [{ "name": "threshold", "value": "≥ 60", "from": "metric_tag", "place": "tag aiops:alarm:Age = critical=60" }],
        }))
        .unwrap();
        insta::assert_snapshot!(explain_alarm(&explanation));
    }

    #[test]
    fn no_log_line_drives_the_terminal() {
        let mut incident = incident();
        incident.finding.summary = "\u{1b}[2J wiped".to_owned();
        assert!(!explain(&incident).contains('\u{1b}'));
    }
}
