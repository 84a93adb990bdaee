//! `nightjar alarms`: what onboarding would do with the alarms, and having it done. The deployed function plans and applies,
//! with its own permissions; whoever types needs lambda:InvokeFunction on it.

use anyhow::{Context as _, bail};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use nightjar_domain::accounts::Scope;
use nightjar_domain::catalogue::{self, Catalogue};
use nightjar_domain::coverage::filters::{FilterNote, FilterPlan};
use nightjar_domain::coverage::{AlarmDeletion, CoverageReport, Explanation, ScopeCoverage, Unread};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::aws::AwsArgs;
use crate::outcome::Outcome;
use crate::output::{Output, progress, table};

#[derive(Debug, clap::Args)]
pub struct AlarmsArgs {
    #[command(subcommand)]
    command: AlarmsCommand,
    /// Terraform's name_prefix: the function is <prefix>-onboarding.
    #[arg(long, default_value = "aiops", global = true)]
    prefix: String,
    /// AWS region; else AWS_REGION or the profile's.
    #[arg(long, global = true)]
    region: Option<String>,
    /// Profile of the AWS configuration; else AWS_PROFILE or `default`.
    #[arg(long, global = true)]
    profile: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum AlarmsCommand {
    /// Say which alarms would be created, changed and deleted, and what they cost. Changes nothing.
    Plan,
    /// Create, change and delete them. Only alarms that Nightjar made are changed or deleted.
    Apply {
        /// Delete even if it is more than half of all alarms.
        #[arg(long)]
        allow_mass_deletion: bool,
    },
    /// Print the catalogue of thresholds as Markdown: docs/alarms.md.
    Table,
}

/// What was done, as the function tells it.
#[derive(Debug, Serialize, Deserialize)]
struct Applied {
    created: usize,
    changed: usize,
    deleted: usize,
    left: usize,
    refused: Vec<Refusal>,
    stopped: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Refusal {
    alarm: String,
    problem: String,
}

/// The plan, and what became of it.
#[derive(Debug, Serialize, Deserialize)]
struct Done {
    plan: CoverageReport,
    applied: Applied,
    /// Metric filters of log groups.
    filters: FiltersApplied,
}

#[derive(Debug, Serialize, Deserialize)]
struct FiltersApplied {
    put: usize,
    removed: usize,
    left: usize,
    refused: Vec<Refusal>,
}

pub(super) async fn run(args: &AlarmsArgs, output: Output) -> anyhow::Result<Outcome> {
    if let AlarmsCommand::Table = args.command {
        let catalogue = Catalogue::bundled()?;
        output.print(&catalogue, catalogue::markdown)?;
        return Ok(Outcome::Fine);
    }
    let aws = AwsArgs { region: args.region.clone(), profile: args.profile.clone() };
    let client = Client::new(&aws.load().await);
    if let AlarmsCommand::Apply { allow_mass_deletion } = args.command {
        let command = json!({ "command": "apply", "allow_mass_deletion": allow_mass_deletion });
        let done: Done = ask(&client, &args.prefix, &command).await?;
        output.print(&done, |done| {
            format!("{}\n\n{}{}", plan(&done.plan), applied(&done.applied), filters_applied(&done.filters))
        })?;
        let left = done.applied.left + done.filters.left;
        return Ok(Outcome::fine_if(left == 0 && done.plan.conflicts.is_empty()));
    }
    let report: CoverageReport = ask(&client, &args.prefix, &json!({ "command": "plan" })).await?;
    output.print(&report, plan)?;
    Ok(Outcome::fine_if(report.conflicts.is_empty() && report.held.is_empty()))
}

/// Why an alarm exists; `None` if none of this name is wanted.
pub(super) async fn explanation(aws: &AwsArgs, prefix: &str, alarm: &str) -> anyhow::Result<Option<Explanation>> {
    #[derive(Deserialize)]
    struct Answer {
        explanation: Option<Explanation>,
    }
    let client = Client::new(&aws.load().await);
    let answer: Answer = ask(&client, prefix, &json!({ "command": "explain", "alarm": alarm })).await?;
    Ok(answer.explanation)
}

/// Invokes onboarding and reads its answer.
async fn ask<T: serde::de::DeserializeOwned>(client: &Client, prefix: &str, command: &Value) -> anyhow::Result<T> {
    let function = format!("{prefix}-onboarding");
    let bar = progress(format!("Asking {function}"));
    let payload = Blob::new(json!({ "nightjar": command }).to_string());
    let answer = client.invoke().function_name(&function).payload(payload).send().await;
    bar.finish_and_clear();
    let answer = answer.with_context(|| {
        format!("{function} cannot be invoked: look at --prefix, --region and lambda:InvokeFunction")
    })?;
    let body = answer.payload().map(|blob| blob.as_ref().to_vec()).unwrap_or_default();
    if answer.function_error().is_some() {
        let told: Value = serde_json::from_slice(&body).unwrap_or_default();
        bail!("{function} failed: {}", told["errorMessage"].as_str().unwrap_or("its log says why"));
    }
    serde_json::from_slice(&body)
        .with_context(|| format!("{function} answered something else: use the nightjar of the deployed version"))
}

fn plan(report: &CoverageReport) -> String {
    let several = !report.summary.by_scope.is_empty();
    let of = |arn: &str| Scope::of_arn(arn).map_or_else(|| "-".to_owned(), |scope| scope.to_string());
    let created = report.create.iter().map(|step| {
        let alarm = &step.alarm;
        let condition = format!(
            "{} {} {}, {} of {} × {} s",
            alarm.metric,
            alarm.comparison.sign(),
            alarm.threshold,
            alarm.datapoints_to_alarm,
            alarm.evaluation_periods,
            alarm.period_seconds
        );
        ["create".to_owned(), of(&step.resource), alarm.name.clone(), condition]
    });
    let changed = report
        .change
        .iter()
        .map(|step| ["change".to_owned(), of(&step.resource), step.alarm.name.clone(), step.differences.join("; ")]);
    // The suite's own account and region is the first of them.
    let home = || report.summary.by_scope.first().map(|first| first.scope.to_string()).unwrap_or_default();
    let at = |scope: &Option<Scope>| scope.as_ref().map_or_else(home, ToString::to_string);
    let gone =
        |what: &str, step: &AlarmDeletion| [what.to_owned(), at(&step.scope), step.name.clone(), step.why.clone()];
    let deleted = report.delete.iter().map(|step| gone("delete", step));
    let held = report.held.iter().map(|step| gone("held", step));
    let conflicts = report.conflicts.iter().map(|conflict| {
        let why = "an alarm of somebody else has this name; it is left alone".to_owned();
        ["conflict".to_owned(), of(&conflict.resource), conflict.name.clone(), why]
    });
    let composed = report.composites.put.iter().map(|step| {
        let (verb, what) = match step.differences.as_slice() {
            [] => ("create", format!("one voice for {} alarms", step.composite.members.len())),
            differences => ("change", differences.join("; ")),
        };
        [verb.to_owned(), of(&step.resource), step.composite.name.clone(), what]
    });
    let decomposed = report.composites.delete.iter().map(|step| gone("delete", step));
    let rows: Vec<[String; 4]> =
        created.chain(composed).chain(changed).chain(deleted).chain(decomposed).chain(held).chain(conflicts).collect();
    let mut lines = Vec::new();
    if !rows.is_empty() {
        lines.push(plain(&if several {
            table(&["", "where", "alarm", "what"], rows)
        } else {
            table(&["", "alarm", "what"], rows.into_iter().map(|[step, _, name, what]| [step, name, what]))
        }));
    }
    if report.goes_on {
        lines.push(
            "composite alarms and those that they tell for take turns: apply goes on with what follows from this"
                .to_owned(),
        );
    }
    lines.extend(scopes(&report.summary.by_scope));
    let (money, quota, summary) = (report.usd_a_month, report.quota, &report.summary);
    lines.push(format!(
        "{} to create, {} to change, {} to delete, {} as they should be; ${:.2} a month now, ${:.2} after; {} of {} alarms of the \
         region's quota after",
        report.to_create, report.to_change, report.to_delete, report.in_force, money.now, money.after, quota.after, quota.limit
    ));
    if report.over_cap + report.over_quota > 0 {
        lines.push(format!(
            "left out: {} over alarms_max, {} over the region's quota",
            report.over_cap, report.over_quota
        ));
    }
    for unread in &summary.unread {
        lines.push(unread_line(unread));
    }
    lines.extend(filters(&report.filters));
    lines.push(format!("coverage {} of 100 over {} resources", summary.score, summary.resources));
    lines.join("\n")
}

/// What of one source could not be read, and where.
pub(super) fn unread_line(unread: &Unread) -> String {
    let at = unread.scope.as_ref().map(|scope| format!(" in {scope}")).unwrap_or_default();
    plain(&format!("could not be read{at}: {}: {}", unread.source, unread.problem))
}

/// A row for each account and region; nothing where there is one.
pub(super) fn scopes(by_scope: &[ScopeCoverage]) -> Option<String> {
    let rows = by_scope.iter().map(|one| {
        let read = |text: String| if one.read { text } else { "?".to_owned() };
        [
            one.scope.to_string(),
            read(one.score.to_string()),
            read(one.resources.to_string()),
            read(one.alarms_in_force.to_string()),
            read(format!("{} / {} / {}", one.to_create, one.to_change, one.to_delete)),
            read(format!("${:.2}", one.usd_a_month.after)),
            read(format!("{} of {}", one.quota.after, one.quota.limit)),
        ]
    });
    let columns =
        ["account/region", "score", "resources", "alarms", "create / change / delete", "a month after", "quota after"];
    (!by_scope.is_empty()).then(|| plain(&table(&columns, rows)))
}

fn applied(applied: &Applied) -> String {
    let Applied { created, changed, deleted, left, refused, stopped } = applied;
    let mut lines = vec![format!("done: {created} created, {changed} changed, {deleted} deleted; {left} left")];
    lines.extend(refused.iter().map(|refusal| plain(&format!("refused: {}: {}", refusal.alarm, refusal.problem))));
    lines.extend(stopped.iter().map(|why| plain(&format!("stopped: {why}; the same command goes on"))));
    lines.join("\n")
}

/// What is to be done with metric filters; nothing where there are none.
fn filters(plan: &FilterPlan) -> Vec<String> {
    let place = |group: &str, name: &str| plain(&format!("{group} {name}"));
    let mut lines: Vec<String> = plan
        .create
        .iter()
        .map(|filter| {
            format!("metric filter to create: {}: {}", place(&filter.group, &filter.name), plain(&filter.pattern))
        })
        .collect();
    lines.extend(plan.change.iter().map(|step| {
        let filter = place(&step.filter.group, &step.filter.name);
        format!("metric filter to change: {filter}: {}", plain(&step.differences.join("; ")))
    }));
    for (what, notes) in [("to remove", &plan.remove), ("held", &plan.held), ("conflict", &plan.conflicts)] {
        let line = |note: &FilterNote| {
            format!("metric filter {what}: {}: {}", place(&note.group, &note.name), plain(&note.why))
        };
        lines.extend(notes.iter().map(line));
    }
    if plan.over_cap > 0 {
        lines.push(format!("metric filters left out: {} over at_most of log_watch.json", plan.over_cap));
    }
    let money = plan.usd_a_month;
    if plan.steps() + plan.in_force > 0 {
        let (now, after) = (money.now, money.after);
        lines.push(format!(
            "metric filters: {} as they should be; ${now:.2} a month now, ${after:.2} after",
            plan.in_force
        ));
    }
    lines.extend(plan.unread.iter().map(|problem| plain(&format!("could not be read: {problem}"))));
    lines
}

fn filters_applied(applied: &FiltersApplied) -> String {
    let FiltersApplied { put, removed, left, refused } = applied;
    if put + removed + left == 0 {
        return String::new();
    }
    let mut text = format!("\nmetric filters: {put} made or set right, {removed} removed; {left} left");
    for refusal in refused {
        text.push_str(&plain(&format!("\nrefused: {}: {}", refusal.alarm, refusal.problem)));
    }
    text
}

/// Names come from tags: none may drive the terminal.
pub(super) fn plain(text: &str) -> String {
    text.replace(|c: char| c.is_control() && c != '\n', " ")
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::operation::invoke::InvokeOutput;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    fn answering(error: Option<&'static str>, body: &'static str) -> Client {
        let rule = mock!(Client::invoke)
            .match_requests(|request| request.function_name() == Some("aiops-onboarding"))
            .then_output(move || {
                let output = InvokeOutput::builder().payload(Blob::new(body));
                output.set_function_error(error.map(str::to_owned)).build()
            });
        mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&rule])
    }

    #[tokio::test]
    async fn what_the_function_says_against_it_is_told() {
        let body = r#"{"errorType": "nightjar::Failed", "errorMessage": "alarms are not managed: set manage_alarms"}"#;
        let error = ask::<Value>(&answering(Some("Unhandled"), body), "aiops", &json!({})).await.unwrap_err();
        assert_eq!(error.to_string(), "aiops-onboarding failed: alarms are not managed: set manage_alarms");
    }

    #[tokio::test]
    async fn an_answer_of_another_version_is_told_as_such() {
        let error = ask::<Applied>(&answering(None, r#"{"found": 3}"#), "aiops", &json!({})).await.unwrap_err();
        assert!(error.to_string().contains("use the nightjar of the deployed version"), "{error}");
    }

    fn report() -> Value {
        json!({
            "to_create": 1, "to_change": 0, "to_delete": 1, "in_force": 4, "over_cap": 2, "over_quota": 0,
            "create": [{ "resource": "arn:1", "level": "critical", "alarm": {
                "name": "aiops-work-Age-critical-0123456789", "description": "", "namespace": "AWS/SQS", "metric": "Age",
                "dimensions": {}, "statistic": "Maximum", "period_seconds": 60, "datapoints_to_alarm": 15,
                "evaluation_periods": 15, "comparison": "at_or_above", "threshold": 3600.0, "missing_data": "missing",
                "alarm_actions": [], "ok_actions": [] } }],
            "change": [], "delete": [{ "name": "aiops-gone", "why": "arn:2 is gone\u{1b}[2J" }], "conflicts": [], "held": [],
            "usd_a_month": { "now": 0.5, "after": 0.5 }, "quota": { "limit": 5000, "now": 40, "after": 40 },
            "summary": { "score": 71, "resources": 3, "by_type": {}, "gaps": {}, "alarms_wanted": 5, "alarms_in_force": 4,
                "unread": [{ "source": "tag:GetResources", "problem": "AccessDenied" }] },
        })
    }

    #[test]
    fn a_plan_is_told_with_its_cost() {
        insta::assert_snapshot!(plan(&serde_json::from_value(report()).unwrap()));
    }

    #[test]
    fn a_plan_of_several_accounts_says_what_is_where() {
        let mut report = report();
        let one = |scope: &str, read: bool| {
            json!({ "scope": scope, "read": read, "score": 71, "resources": 3, "alarms_in_force": 4, "to_create": 1,
                "to_change": 0, "to_delete": 1, "usd_a_month": { "now": 0.5, "after": 0.5 },
                "quota": { "limit": 5000, "now": 40, "after": 40 } })
        };
        report["summary"]["by_scope"] =
            json!([one("111122223333/eu-west-1", true), one("222233334444/us-east-1", false)]);
        report["summary"]["unread"] =
            json!([{ "source": "everything", "problem": "refused", "scope": "222233334444/us-east-1" }]);
        report["create"][0]["resource"] = json!("arn:aws:sqs:eu-west-1:111122223333:work");
        report["delete"][0]["scope"] = json!("222233334444/us-east-1");
        let report: CoverageReport = serde_json::from_value(report).unwrap();
        insta::assert_snapshot!(plan(&report));
    }

    #[test]
    fn a_composite_alarm_is_told_with_what_follows_from_it() {
        let mut report = report();
        let composite = |name: &str| json!({ "name": name, "description": "", "members": ["a", "b"], "alarm_actions": [], "ok_actions": [] });
        let step = |name: &str, differences: &[&str]| {
            json!({ "resource": "arn:aws:sqs:eu-west-1:111122223333:work", "composite": composite(name),
                "differences": differences, "actions_enabled": true })
        };
        report["composites"] = json!({ "put": [step("aiops-work-any-1", &[]), step("aiops-jobs-any-2", &["with c"])],
            "delete": [{ "name": "aiops-old-any-3", "why": "its alarms tell for themselves, or go" }] });
        report["goes_on"] = json!(true);
        let text = plan(&serde_json::from_value(report).unwrap());
        for told in [
            ["create", "aiops-work-any-1", "one voice for 2 alarms"],
            ["change", "aiops-jobs-any-2", "with c"],
            ["delete", "aiops-old-any-3", "its alarms tell for themselves"],
        ] {
            let says = |line: &str| told.iter().all(|word| line.contains(word));
            assert!(text.lines().any(says), "{told:?}: {text}");
        }
        assert!(text.contains("apply goes on"), "{text}");
    }
}
