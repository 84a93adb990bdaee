//! `nightjar doctor`: cheap looks at what most often keeps a deployment from doing its work. It changes nothing.

use aws_config::SdkConfig;
use nightjar_model::Model;
use serde::Serialize;

use super::dlq::{Queue, queues};
use crate::aws::AwsArgs;
use crate::outcome::Outcome;
use crate::output::{Output, progress, table};

const TABLES: [&str; 8] =
    ["inventory", "coverage", "series", "models", "incidents", "notifications", "remediations", "audit"];
const TOPICS: [&str; 3] = ["anomalies", "critical-alerts", "ops"];
/// What SNS names a subscription that its owner has not confirmed.
const PENDING: &str = "PendingConfirmation";

#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Terraform's name_prefix.
    #[arg(long, default_value = "aiops")]
    prefix: String,
    #[command(flatten)]
    aws: AwsArgs,
}

/// One look.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Check {
    what: String,
    ok: bool,
    found: String,
    /// What to do about it.
    advice: Option<String>,
}

impl Check {
    fn good(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), ok: true, found: found.into(), advice: None }
    }

    fn bad(what: impl Into<String>, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what: what.into(), ok: false, found: found.into(), advice: Some(advice.into()) }
    }
}

pub(super) async fn run(args: &DoctorArgs, output: Output) -> anyhow::Result<Outcome> {
    let config = args.aws.load().await;
    let checks = examine(&config, &args.prefix).await;
    output.print(&checks, |checks| {
        let rows = checks.iter().map(|check| {
            let verdict = if check.ok { "ok" } else { "WRONG" };
            [verdict.to_owned(), check.what.clone(), check.found.clone(), check.advice.clone().unwrap_or_default()]
        });
        table(&["", "what", "found", "what to do"], rows)
    })?;
    Ok(Outcome::fine_if(checks.iter().all(|check| check.ok)))
}

/// Every look, whatever the others found.
async fn examine(config: &SdkConfig, prefix: &str) -> Vec<Check> {
    let bar = progress("Looking");
    let mut checks = vec![model()];
    checks.extend(tables(&aws_sdk_dynamodb::Client::new(config), prefix).await);
    checks.extend(dead_letters(queues(&aws_sdk_sqs::Client::new(config), prefix).await));
    checks.extend(topics(&aws_sdk_sns::Client::new(config), prefix).await);
    bar.finish_and_clear();
    checks
}

fn model() -> Check {
    let (model, what) = (Model::bundled(), "bundled model");
    let provenance = model.provenance();
    Check::good(what, format!("{}, trained {} on {} series", model.version(), provenance.trained_at, provenance.series))
}

async fn tables(client: &aws_sdk_dynamodb::Client, prefix: &str) -> Vec<Check> {
    let mut checks = Vec::new();
    for table in TABLES.map(|name| format!("{prefix}-{name}")) {
        let what = format!("table {table}");
        let advice = "terraform apply; look at --prefix, --region and --profile";
        checks.push(match client.describe_table().table_name(&table).send().await {
            Ok(answer) => match answer.table.and_then(|table| table.table_status) {
                Some(status) if status.as_str() == "ACTIVE" => Check::good(what, "active"),
                status => Check::bad(what, format!("{status:?}"), "wait until it is active"),
            },
            Err(error) => Check::bad(what, reason(&aws_sdk_dynamodb::Error::from(error)), advice),
        });
    }
    checks
}

fn dead_letters(queues: anyhow::Result<Vec<Queue>>) -> Vec<Check> {
    let queues = match queues {
        Ok(queues) => queues,
        Err(error) => {
            return vec![Check::bad("dead-letter queues", format!("{error:#}"), "look at the caller's permissions")];
        }
    };
    if queues.is_empty() {
        return vec![Check::bad(
            "dead-letter queues",
            "none",
            "terraform apply; look at --prefix, --region and --profile",
        )];
    }
    queues
        .into_iter()
        .map(|queue| {
            let what = format!("queue {}", queue.name);
            if queue.messages + queue.in_flight == 0 {
                return Check::good(what, "empty");
            }
            let found = format!("{} messages: work that was not done", queue.messages + queue.in_flight);
            Check::bad(what, found, "read the function's log, mend the cause, then: nightjar dlq redrive")
        })
        .collect()
}

async fn topics(client: &aws_sdk_sns::Client, prefix: &str) -> Vec<Check> {
    let mut arns = Vec::new();
    let mut pages = client.list_topics().into_paginator().send();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => arns.extend(page.topics().iter().filter_map(|topic| topic.topic_arn().map(str::to_owned))),
            Err(error) => {
                let found = reason(&aws_sdk_sns::Error::from(error));
                return vec![Check::bad("topics", found, "look at the caller's credentials and permissions")];
            }
        }
    }
    let mut checks = Vec::new();
    for topic in TOPICS.map(|name| format!("{prefix}-{name}")) {
        let ending = format!(":{topic}");
        checks.push(match arns.iter().find(|arn| arn.ends_with(&ending)) {
            Some(arn) => subscriptions(client, &topic, arn).await,
            None => {
                Check::bad(format!("topic {topic}"), "there is none", "terraform apply; look at --prefix and --region")
            }
        });
    }
    checks
}

/// An e-mail address that was never confirmed gets no alerts.
async fn subscriptions(client: &aws_sdk_sns::Client, topic: &str, arn: &str) -> Check {
    let what = format!("topic {topic}");
    let mut confirmed = 0;
    let mut pending = Vec::new();
    let mut pages = client.list_subscriptions_by_topic().topic_arn(arn).into_paginator().send();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => {
                for subscription in page.subscriptions() {
                    if subscription.subscription_arn() == Some(PENDING) {
                        pending.push(subscription.endpoint().unwrap_or("(unknown)").to_owned());
                    } else {
                        confirmed += 1;
                    }
                }
            }
            Err(error) => {
                return Check::bad(what, reason(&aws_sdk_sns::Error::from(error)), "look at the caller's permissions");
            }
        }
    }
    if !pending.is_empty() {
        let found = format!("not confirmed: {}", pending.join(", "));
        return Check::bad(
            what,
            found,
            "its owner must follow the link in the mail with the subject \"AWS Notification\"",
        );
    }
    if confirmed == 0 {
        return Check::bad(what, "nobody is subscribed", "terraform apply");
    }
    Check::good(what, format!("{confirmed} subscriptions, all confirmed"))
}

fn reason<E: aws_smithy_types::error::metadata::ProvideErrorMetadata + std::error::Error>(error: &E) -> String {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        (None, _) => aws_sdk_sns::error::DisplayErrorContext(error).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sns::Client;
    use aws_sdk_sns::operation::list_subscriptions_by_topic::ListSubscriptionsByTopicOutput;
    use aws_sdk_sns::operation::list_topics::ListTopicsOutput;
    use aws_sdk_sns::types::{Subscription, Topic};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    #[tokio::test]
    async fn an_unconfirmed_address_is_found() {
        let list = mock!(Client::list_topics).then_output(|| {
            let topic = |name| Topic::builder().topic_arn(format!("arn:aws:sns:us-east-1:000000000000:{name}")).build();
            ListTopicsOutput::builder().topics(topic("aiops-ops")).topics(topic("aiops-anomalies")).build()
        });
        let of_ops = mock!(Client::list_subscriptions_by_topic)
            .match_requests(|request| request.topic_arn().is_some_and(|arn| arn.ends_with("aiops-ops")))
            .then_output(|| {
                let pending = Subscription::builder().subscription_arn(PENDING).endpoint("ops@example.com").build();
                ListSubscriptionsByTopicOutput::builder().subscriptions(pending).build()
            });
        let of_anomalies = mock!(Client::list_subscriptions_by_topic).then_output(|| {
            let confirmed =
                Subscription::builder().subscription_arn("arn:aws:sns:us-east-1:000000000000:aiops-anomalies:1");
            ListSubscriptionsByTopicOutput::builder().subscriptions(confirmed.build()).build()
        });
        let client = mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&list, &of_ops, &of_anomalies]);
        let checks = topics(&client, "aiops").await;
        let found: Vec<_> = checks.iter().map(|check| (check.ok, check.found.as_str())).collect();
        assert_eq!(
            found,
            [
                (true, "1 subscriptions, all confirmed"),
                (false, "there is none"),
                (false, "not confirmed: ops@example.com")
            ]
        );
    }

    #[test]
    fn waiting_dead_letters_are_found() {
        let checks = dead_letters(Ok(Vec::new()));
        assert!(!checks[0].ok);
        assert!(!dead_letters(Err(anyhow::anyhow!("denied")))[0].ok);
    }

    #[test]
    fn the_bundled_model_is_named() {
        assert!(model().found.contains("sha256:"));
    }
}
