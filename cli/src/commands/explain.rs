//! `nightjar explain`: one incident on one screen.

use anyhow::Context as _;
use nightjar_domain::alert::report;
use nightjar_domain::incident::Incident;

use super::api_client::ApiArgs;
use crate::outcome::Outcome;
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// Such as inc_0123456789abcdef0123.
    id: String,
    #[command(flatten)]
    api: ApiArgs,
}

pub(super) async fn run(args: &ExplainArgs, output: Output) -> anyhow::Result<Outcome> {
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
    fn no_log_line_drives_the_terminal() {
        let mut incident = incident();
        incident.finding.summary = "\u{1b}[2J wiped".to_owned();
        assert!(!explain(&incident).contains('\u{1b}'));
    }
}
