//! `nightjar coverage`: what is watched, what is missing, and the commands that mend it.

use anyhow::Context as _;
use nightjar_aws::stores::CoverageWhole;
use nightjar_domain::accounts::Scope;
use nightjar_domain::coverage::ResourceCoverage;
use serde::{Deserialize, Serialize};

use super::alarms::{plain, scopes, unread_line};
use super::api_client::ApiArgs;
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
pub struct CoverageArgs {
    /// Only resources with a score below this.
    #[arg(long, value_name = "SCORE", value_parser = clap::value_parser!(u8).range(1..=100))]
    below: Option<u8>,
    /// Only resources of this type, such as ec2:instance.
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// How many resources at most, the worst covered first.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    #[command(flatten)]
    api: ApiArgs,
}

/// What the API answers.
#[derive(Debug, Serialize, Deserialize)]
struct Coverage {
    whole: Option<CoverageWhole>,
    matching: usize,
    resources: Vec<ResourceCoverage>,
}

pub(super) async fn run(args: &CoverageArgs, output: Output) -> anyhow::Result<Outcome> {
    let mut query = vec![("limit", args.limit.to_string())];
    query.extend(args.below.map(|score| ("below", score.to_string())));
    query.extend(args.kind.clone().map(|kind| ("type", kind)));
    let answer = args.api.client().await?.get("coverage", &query).await?;
    let coverage: Coverage =
        serde_json::from_value(answer).context("the API answered something else: use the nightjar of its version")?;
    output.print(&coverage, describe)?;
    Ok(Outcome::Fine)
}

fn describe(coverage: &Coverage) -> String {
    let Some(whole) = &coverage.whole else {
        return "nothing is known yet: onboarding has not run since the deployment, or manage_alarms is off".to_owned();
    };
    let summary = &whole.summary;
    let mut lines = vec![format!(
        "coverage {} of 100 over {} resources at {}; {} of {} alarms in force, ${:.2} a month (manage_alarms = {})",
        summary.score,
        summary.resources,
        whole.at,
        summary.alarms_in_force,
        summary.alarms_wanted,
        whole.usd_a_month.now,
        whole.mode
    )];
    lines.extend(scopes(&summary.by_scope));
    lines.extend(summary.unread.iter().map(unread_line));
    let rows = coverage.resources.iter().map(|resource| {
        let alarms = format!("{}/{}", resource.alarms_in_force, resource.alarms_wanted);
        let at = Scope::of(&resource.resource).to_string();
        [resource.score.to_string(), resource.resource.kind.clone(), resource.resource.label(), alarms, at]
    });
    lines.push(if summary.by_scope.is_empty() {
        let rows = rows.map(|[score, kind, label, alarms, _]| [score, kind, label, alarms]);
        table(&["score", "type", "resource", "alarms"], rows)
    } else {
        table(&["score", "type", "resource", "alarms", "where"], rows)
    });
    for resource in &coverage.resources {
        lines.extend(
            resource.gaps.iter().map(|gap| format!("{}: {}\n    {}", resource.resource.label(), gap.what, gap.fix)),
        );
    }
    if coverage.matching > coverage.resources.len() {
        lines.push(format!("{} more: --limit", coverage.matching - coverage.resources.len()));
    }
    plain(&lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn gaps_are_told_with_the_command_that_mends_them() {
        let mut resource = serde_json::to_value(nightjar_testkit::resource_ref()).unwrap();
        let rest = json!({
            "score": 40, "checks": 5, "passed": 2, "alarms_wanted": 3, "alarms_in_force": 2, "anomaly_series": 3,
            "usd_a_month": 0.2,
            "gaps": [{ "kind": "no_owner", "what": "no tag Owner says who answers for it", "fix": "aws tag …\u{1b}[2J" }],
        });
        resource.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        let coverage: Coverage = serde_json::from_value(json!({
            "whole": { "at": "2026-11-21T10:00:00Z", "mode": "plan", "score": 60, "resources": 2, "by_type": {}, "gaps": {},
                "alarms_wanted": 6, "alarms_in_force": 2, "unread": [], "usd_a_month": { "now": 0.2, "after": 0.6 },
                "quota": { "limit": 5000, "now": 2, "after": 6 } },
            "matching": 2, "resources": [resource],
        }))
        .unwrap();
        insta::assert_snapshot!(describe(&coverage));
    }

    #[test]
    fn before_the_first_run_nothing_is_known() {
        let nothing = Coverage { whole: None, matching: 0, resources: Vec::new() };
        assert!(describe(&nothing).starts_with("nothing is known yet"));
    }
}
