//! `nightjar thresholds`: what is an alarm for all resources of a type, at run time, through the API.

use anyhow::{Context as _, bail, ensure};
use nightjar_domain::catalogue::{Levels, MissingData};
use nightjar_domain::coverage::thresholds::{ThresholdOverride, ThresholdOverrides};
use serde::Deserialize;
use serde_json::{Value, json};

use super::alarms::plain;
use super::api_client::{ApiArgs, ApiClient};
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
pub struct ThresholdsArgs {
    #[command(subcommand)]
    command: ThresholdsCommand,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Debug, clap::Subcommand)]
enum ThresholdsCommand {
    /// Show what was set.
    Get,
    /// Set thresholds of one metric, for all resources of a type. Onboarding goes by it at its next run.
    Set(Box<SetArgs>),
    /// Leave one metric to the catalogue again.
    Unset {
        /// Such as ec2:instance.
        resource_type: String,
        /// Such as CPUUtilization.
        metric: String,
    },
    /// Bring an earlier version of what was set back.
    Revert {
        /// 0 for nothing at all; the version before the newest if absent.
        #[arg(long, value_name = "VERSION")]
        to: Option<u64>,
        /// Why, for the audit trail.
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
    /// Tell how often a threshold would have fired in the last seven days.
    Preview {
        /// Such as ec2:instance.
        resource_type: String,
        /// Such as CPUUtilization.
        metric: String,
        /// In the metric's unit.
        #[arg(allow_negative_numbers = true)]
        threshold: f64,
    },
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// Such as ec2:instance.
    resource_type: String,
    /// Such as CPUUtilization.
    metric: String,
    /// In the metric's unit.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    critical: Option<f64>,
    /// In the metric's unit.
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    warning: Option<f64>,
    /// M of N datapoints, such as 3/5.
    #[arg(long = "for", value_name = "M/N", value_parser = window)]
    window: Option<(u32, u32)>,
    /// Seconds; a multiple of 60, one day at most.
    #[arg(long, value_name = "SECONDS")]
    period: Option<u32>,
    /// What a period without a datapoint counts as: missing, breaching, not_breaching or ignore.
    #[arg(long, value_name = "TREATMENT", value_parser = word::<MissingData>)]
    missing: Option<MissingData>,
    /// Which alarms are made: off, critical or all.
    #[arg(long, value_parser = word::<Levels>)]
    levels: Option<Levels>,
    /// Why, for whoever meets the alarm.
    #[arg(long, value_name = "TEXT")]
    why: String,
}

/// What the API says was set.
#[derive(Debug, Deserialize)]
struct InForce {
    overrides: ThresholdOverrides,
    version: u64,
    changed_by: Option<String>,
    changed_at: Option<String>,
}

fn window(text: &str) -> Result<(u32, u32), String> {
    let window = text.split_once('/').and_then(|(m, n)| Some((m.parse().ok()?, n.parse().ok()?)));
    window.ok_or_else(|| "is not M/N, such as 3/5".to_owned())
}

fn word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

pub(super) async fn run(args: &ThresholdsArgs, output: Output) -> anyhow::Result<Outcome> {
    let client = args.api.client().await?;
    let answer = match &args.command {
        ThresholdsCommand::Get => client.get("thresholds", &[]).await?["set"].take(),
        ThresholdsCommand::Set(set) => {
            change(&client, |overrides| {
                let of_type = overrides.resource_types.entry(set.resource_type.clone()).or_default();
                of_type.insert(set.metric.clone(), set.as_override());
                Ok(())
            })
            .await?
        }
        ThresholdsCommand::Unset { resource_type, metric } => {
            change(&client, |overrides| {
                let of_type = overrides.resource_types.get_mut(resource_type);
                let gone = of_type.and_then(|metrics| metrics.remove(metric));
                ensure!(gone.is_some(), "nothing is set for {metric} of {resource_type}: `nightjar thresholds get`");
                overrides.resource_types.retain(|_, metrics| !metrics.is_empty());
                Ok(())
            })
            .await?
        }
        ThresholdsCommand::Revert { to, why } => {
            client.post("thresholds/revert", &json!({ "version": to, "why": why })).await?
        }
        ThresholdsCommand::Preview { resource_type, metric, threshold } => {
            let query =
                [("type", resource_type.clone()), ("metric", metric.clone()), ("threshold", threshold.to_string())];
            let answer = client.get("thresholds/preview", &query).await?;
            output.print(&answer, preview)?;
            return Ok(Outcome::Fine);
        }
    };
    let in_force = read(&answer)?;
    output.print(&answer, |_| describe(&in_force))?;
    Ok(Outcome::Fine)
}

/// Reads what is set, changes it, and puts it back if nobody else did meanwhile.
async fn change(
    client: &ApiClient,
    change: impl FnOnce(&mut ThresholdOverrides) -> anyhow::Result<()>,
) -> anyhow::Result<Value> {
    let InForce { mut overrides, version, .. } = read(&client.get("thresholds", &[]).await?["set"])?;
    change(&mut overrides)?;
    client.put_if("thresholds", &serde_json::to_value(&overrides)?, version).await
}

fn read(answer: &Value) -> anyhow::Result<InForce> {
    if answer.is_null() {
        bail!("the API does not know what was set: it is older than this nightjar");
    }
    InForce::deserialize(answer).context("the API answered something else: use the nightjar of its version")
}

impl SetArgs {
    fn as_override(&self) -> ThresholdOverride {
        ThresholdOverride {
            levels: self.levels,
            warning: self.warning,
            critical: self.critical,
            datapoints_to_alarm: self.window.map(|window| window.0),
            evaluation_periods: self.window.map(|window| window.1),
            period_seconds: self.period,
            missing_data: self.missing,
            why: self.why.clone(),
        }
    }
}

fn describe(in_force: &InForce) -> String {
    let InForce { overrides, version, changed_by, changed_at } = in_force;
    let rows: Vec<[String; 4]> = overrides
        .resource_types
        .iter()
        .flat_map(|(kind, metrics)| metrics.iter().map(move |(metric, set)| row(kind, metric, set)))
        .collect();
    let whose = match (changed_by, changed_at) {
        (Some(by), Some(at)) => format!("version {version}, by {by} at {at}"),
        _ => "nothing was ever set: the catalogue is in force".to_owned(),
    };
    if rows.is_empty() {
        return plain(&format!("nothing is set ({whose})"));
    }
    plain(&format!("{}\n{whose}", table(&["type", "metric", "is set to", "why"], rows)))
}

fn row(kind: &str, metric: &str, set: &ThresholdOverride) -> [String; 4] {
    let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
    let mut said = Vec::new();
    said.extend(set.levels.map(|levels| word(json!(levels))));
    said.extend(set.critical.map(|number| format!("critical={number}")));
    said.extend(set.warning.map(|number| format!("warning={number}")));
    said.extend(set.datapoints_to_alarm.zip(set.evaluation_periods).map(|(m, n)| format!("for={m}/{n}")));
    said.extend(set.period_seconds.map(|seconds| format!("period={seconds}")));
    said.extend(set.missing_data.map(|missing| format!("missing={}", word(json!(missing)))));
    [kind.to_owned(), metric.to_owned(), said.join(" "), set.why.clone()]
}

fn preview(answer: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let series = answer["series"].as_array().map_or(&[][..], Vec::as_slice);
    let rows = series.iter().map(|one| {
        let newest = one["at"].as_array().and_then(|at| at.last()).map_or_else(String::new, &text);
        [text(&one["resource"]), text(&one["fired"]), text(&one["minutes_in_alarm"]), text(&one["datapoints"]), newest]
    });
    let mut lines = vec![format!(
        "would have fired {} times from {} to {}, {} minutes in all",
        text(&answer["fired"]),
        text(&answer["from"]),
        text(&answer["until"]),
        text(&answer["minutes_in_alarm"])
    )];
    if !series.is_empty() {
        lines.push(table(&["resource", "fired", "minutes", "datapoints", "newest"], rows));
    }
    lines.extend(answer["gaps"].as_array().into_iter().flatten().map(text));
    plain(&lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_told_with_who_and_why() {
        let answer = json!({
            "overrides": { "resource_types": { "ec2:instance": { "CPUUtilization": {
                "critical": 97.0, "datapoints_to_alarm": 2, "evaluation_periods": 3, "missing_data": "not_breaching", "why": "batch nights"
            } } } },
            "version": 4, "changed_by": "anna", "changed_at": "2026-11-21T10:00:00Z", "brings_back": null,
        });
        let told = describe(&read(&answer).unwrap());
        for part in ["ec2:instance", "critical=97 for=2/3 missing=not_breaching", "batch nights", "version 4, by anna"]
        {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(read(&Value::Null).is_err());
    }

    #[test]
    fn a_preview_tells_how_often_and_what_is_unknown() {
        let answer = json!({
            "fired": 3, "minutes_in_alarm": 45, "from": "a", "until": "b",
            "series": [{ "resource": "i-1", "fired": 3, "minutes_in_alarm": 45, "datapoints": 2016, "at": ["x", "y"] }],
            "gaps": ["CloudWatch has no datapoints of i-2"],
        });
        let told = preview(&answer);
        for part in ["would have fired 3 times from a to b, 45 minutes", "i-1", "2016", "y", "no datapoints of i-2"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }

    #[test]
    fn words_and_windows_are_read() {
        assert_eq!(window("3/5"), Ok((3, 5)));
        assert!(window("3").is_err() && window("a/b").is_err());
        assert_eq!(word::<MissingData>("not_breaching"), Ok(MissingData::NotBreaching));
        assert!(word::<Levels>("some").unwrap_err().contains("critical"));
    }
}
