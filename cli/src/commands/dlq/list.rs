//! The queues and what they hold.

use anyhow::Context as _;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use serde::Serialize;

use super::SuiteArgs;
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    suite: SuiteArgs,
}

/// One dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::commands) struct Queue {
    pub(in crate::commands) name: String,
    /// Messages that wait.
    pub(in crate::commands) messages: u64,
    /// Messages that somebody is reading at the moment.
    pub(in crate::commands) in_flight: u64,
    #[serde(skip)]
    pub(super) url: String,
}

pub(super) async fn run(args: &ListArgs, output: Output) -> anyhow::Result<Outcome> {
    let client = Client::new(&args.suite.aws.load().await);
    let found = queues(&client, &args.suite.prefix).await?;
    anyhow::ensure!(
        !found.is_empty(),
        "there is no queue named {}-…-dlq in this account and region; --prefix must be Terraform's name_prefix",
        args.suite.prefix
    );
    output.print(&found, |queues| {
        table(
            &["queue", "messages", "being read"],
            queues.iter().map(|queue| [queue.name.clone(), queue.messages.to_string(), queue.in_flight.to_string()]),
        )
    })?;
    Ok(Outcome::Fine)
}

/// All dead-letter queues of the suite `prefix`, by name.
pub(in crate::commands) async fn queues(client: &Client, prefix: &str) -> anyhow::Result<Vec<Queue>> {
    let urls = client
        .list_queues()
        .queue_name_prefix(format!("{prefix}-"))
        .send()
        .await
        .context("the queues cannot be listed")?;
    let mut queues = Vec::new();
    for url in urls.queue_urls() {
        let name = url.rsplit('/').next().unwrap_or(url);
        if name.ends_with("-dlq") {
            queues.push(describe(client, name, url).await?);
        }
    }
    queues.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(queues)
}

/// One queue with its counts.
pub(super) async fn describe(client: &Client, name: &str, url: &str) -> anyhow::Result<Queue> {
    let (waiting, reading) =
        (QueueAttributeName::ApproximateNumberOfMessages, QueueAttributeName::ApproximateNumberOfMessagesNotVisible);
    let answer = client
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(waiting.clone())
        .attribute_names(reading.clone())
        .send()
        .await
        .with_context(|| format!("the queue {name} cannot be described"))?;
    let count = |attribute: &QueueAttributeName| {
        answer.attributes().and_then(|all| all.get(attribute)?.parse().ok()).unwrap_or(0)
    };
    Ok(Queue { name: name.to_owned(), messages: count(&waiting), in_flight: count(&reading), url: url.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesOutput;
    use aws_sdk_sqs::operation::list_queues::ListQueuesOutput;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    #[tokio::test]
    async fn only_dead_letter_queues_are_listed_by_name() {
        let list = mock!(Client::list_queues)
            .match_requests(|request| request.queue_name_prefix() == Some("aiops-"))
            .then_output(|| {
                ListQueuesOutput::builder()
                    .queue_urls("http://localhost/000000000000/aiops-onboarding-dlq")
                    .queue_urls("http://localhost/000000000000/aiops-something-else")
                    .queue_urls("http://localhost/000000000000/aiops-alert-handler-dlq")
                    .build()
            });
        let attributes = mock!(Client::get_queue_attributes).then_output(|| {
            GetQueueAttributesOutput::builder()
                .attributes(QueueAttributeName::ApproximateNumberOfMessages, "2")
                .attributes(QueueAttributeName::ApproximateNumberOfMessagesNotVisible, "1")
                .build()
        });
        let client = mock_client!(aws_sdk_sqs, RuleMode::MatchAny, [&list, &attributes]);
        let found = queues(&client, "aiops").await.unwrap();
        let summary: Vec<_> =
            found.iter().map(|queue| (queue.name.as_str(), queue.messages, queue.in_flight)).collect();
        assert_eq!(summary, [("aiops-alert-handler-dlq", 2, 1), ("aiops-onboarding-dlq", 2, 1)]);
    }
}
