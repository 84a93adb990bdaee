//! `nightjar routes test`: one alert's ways through the tree.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use jiff::Timestamp;
use nightjar_aws::clock;
use nightjar_domain::routing::decide::AlertState;
use nightjar_domain::routing::inhibition::Active;
use nightjar_domain::routing::{Alert, Decision, Labels, Routes, Silence, route};
use nightjar_domain::severity::Severity;
use serde::Serialize;

use super::{group_by, sample};
use crate::output::table;

#[derive(Debug, clap::Args)]
pub(super) struct TestArgs {
    /// A file with a message of the alerts topic, or with an incident as the API shows it.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["severity", "label"])]
    alert: Option<PathBuf>,
    /// info, low, medium, high or critical.
    #[arg(long, default_value = "critical")]
    severity: Severity,
    /// A label, such as region=eu-central-1 or tag:team=shop. With --alert, use --tag.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    label: Vec<(String, String)>,
    /// A tag of the alert's resource, such as team=shop.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    tag: Vec<(String, String)>,
    /// An alert that fires already, as labels: cause=host_down,resource=i-1. It may inhibit.
    #[arg(long, value_name = "LABELS", value_parser = labels)]
    firing: Vec<Labels>,
    /// A file with a JSON array of silences, as `nightjar silence list --json` prints them.
    #[arg(long, value_name = "FILE")]
    silences: Option<PathBuf>,
    /// The time at which it arrives; else now.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text:?} is not of the form name=value"))?;
    Ok((name.to_owned(), value.to_owned()))
}

fn labels(text: &str) -> Result<Labels, String> {
    text.split(',').map(pair).collect::<Result<Vec<_>, _>>().map(Labels::from_iter)
}

/// What becomes of the alert.
#[derive(Debug, Serialize)]
pub(super) struct Verdict {
    at: Timestamp,
    labels: Labels,
    fingerprint: String,
    ways: Vec<Way>,
}

/// One way, down to a channel.
#[derive(Debug, Serialize)]
struct Way {
    route: String,
    receiver: String,
    channel: String,
    group_by: String,
    group: Labels,
    #[serde(flatten)]
    decision: Decision,
    why: String,
}

pub(super) fn test(args: &TestArgs, routes: &Routes) -> anyhow::Result<Verdict> {
    let now = args.at.unwrap_or_else(clock::now);
    let tags: BTreeMap<String, String> = args.tag.iter().cloned().collect();
    let alert = if let Some(path) = &args.alert {
        sample::from_file(path, &tags, routes)?
    } else {
        if let Some((name, _)) = args.label.iter().find(|(name, _)| !Labels::is_known(name)) {
            let known = nightjar_domain::routing::labels::NAMES.join(", ");
            anyhow::bail!("{name:?} is no label of an alert: use {known} or tag:<key>");
        }
        sample::from_labels(args.severity, &args.label, routes, now).of_resource(&tags, &routes.products)
    };
    let state = AlertState { silences: silences(args)?, active: active(args), ..AlertState::default() };
    let ways = route(&alert, routes, &state, now)
        .into_iter()
        .map(|way| Way {
            why: why(&way.decision, &way.node.settings, now),
            route: way.node.path.clone(),
            group_by: group_by(&way.node.settings.group_by),
            receiver: way.group.receiver,
            channel: way.group.channel,
            group: way.group.labels,
            decision: way.decision,
        })
        .collect();
    Ok(Verdict { at: now, fingerprint: Alert::fingerprint(&alert), labels: alert.labels, ways })
}

fn silences(args: &TestArgs) -> anyhow::Result<Vec<Silence>> {
    let Some(path) = &args.silences else { return Ok(Vec::new()) };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} holds no silences", path.display()))
}

fn active(args: &TestArgs) -> Vec<Active> {
    let active = |labels: &Labels| Active {
        fingerprint: format!("given: {labels}"),
        title: labels.to_string(),
        labels: labels.clone(),
    };
    args.firing.iter().map(active).collect()
}

fn why(decision: &Decision, settings: &nightjar_domain::routing::Settings, now: Timestamp) -> String {
    match decision {
        Decision::Notify { at } if *at <= now => "it opens a group, and group_wait is 0s".to_owned(),
        Decision::Notify { .. } => {
            format!("it opens a group, which waits {} for more of its kind", settings.group_wait)
        }
        Decision::Merge { into } => format!("the group {into} has told it"),
        Decision::Suppressed(by) => by.to_string(),
    }
}

impl Verdict {
    pub(super) fn describe(&self) -> String {
        let rows = self.ways.iter().map(|way| {
            let what = match &way.decision {
                Decision::Notify { at } => format!("told at {at}"),
                Decision::Merge { .. } => "not told again yet".to_owned(),
                Decision::Suppressed(_) => "held back".to_owned(),
            };
            let group = if way.group.is_empty() { "(one group)".to_owned() } else { way.group.to_string() };
            [way.route.clone(), format!("{}/{}", way.receiver, way.channel), group, what, way.why.clone()]
        });
        format!(
            "{}\n{}",
            self.labels,
            table(&["route", "receiver/channel", "grouped with equal", "what happens", "why"], rows)
        )
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use nightjar_domain::routing::SuppressedBy;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: TestArgs,
    }

    fn routes() -> Routes {
        let document = serde_json::json!({
            "route": { "receiver": "all", "routes": [
                { "matchers": ["severity=critical"], "receiver": "oncall", "group_by": ["region"], "continue": true, "group_wait": "0s" },
                { "matchers": ["product=checkout"], "mute_time_intervals": ["night"] },
            ]},
            "receivers": {
                "all": { "channels": [{ "type": "slack", "url": { "env": "A" } }] },
                "oncall": { "channels": [{ "type": "pagerduty", "routing_key": { "ssm": "/aiops/pager" } }] },
            },
            "time_intervals": { "night": [{ "times": [{ "start_time": "22:00", "end_time": "24:00" }] }] },
            "inhibit_rules": [{ "name": "down", "source_matchers": ["cause=host_down"], "target_matchers": ["cause!=host_down"], "equal": ["resource"] }],
        });
        let products =
            r#"{"products": {"checkout": {"matchers": ["tag:app=shop"], "owner": "pay", "criticality": "high"}}}"#;
        Routes::parse(&document.to_string(), products).unwrap()
    }

    fn verdict(line: &str) -> Verdict {
        let args = std::iter::once("test").chain(line.split_whitespace());
        test(&Line::try_parse_from(args).unwrap().args, &routes()).unwrap()
    }

    #[test]
    fn every_way_has_its_reason() {
        let verdict = verdict("--severity critical --label region=eu --tag app=shop --at 2026-11-21T23:00:00Z");
        let [pager, slack] = &verdict.ways[..] else { panic!("two ways: {verdict:?}") };
        assert_eq!((pager.receiver.as_str(), pager.group.to_string().as_str()), ("oncall", "region=eu"));
        assert_eq!(pager.why, "it opens a group, and group_wait is 0s");
        assert_eq!(slack.decision, Decision::Suppressed(SuppressedBy::MuteTime { interval: "night".to_owned() }));
        assert!(verdict.describe().contains("mute time interval \"night\""), "{}", verdict.describe());
    }

    #[test]
    fn what_fires_already_may_hold_it_back() {
        let verdict = verdict("--severity low --label resource=i-1 --firing cause=host_down,resource=i-1");
        assert!(verdict.ways[0].why.contains("inhibition \"down\""), "{}", verdict.ways[0].why);
    }

    #[test]
    fn a_message_is_read_as_it_travels() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("alert.json");
        let envelope = nightjar_testkit::envelope_of(nightjar_testkit::incident());
        for text in [serde_json::to_string(&envelope).unwrap(), serde_json::to_string(&envelope.body).unwrap()] {
            std::fs::write(&path, text).unwrap();
            let verdict = verdict(&format!("--alert {} --tag app=shop", path.display()));
            assert_eq!(verdict.labels.get("product"), "checkout");
            assert_eq!(verdict.labels.get("cause"), "memory_exhaustion");
        }
    }

    #[test]
    fn an_unknown_label_is_refused() {
        let args = Line::try_parse_from(["test", "--label", "colour=red"]).unwrap().args;
        assert!(test(&args, &routes()).unwrap_err().to_string().contains("tag:<key>"));
    }
}
