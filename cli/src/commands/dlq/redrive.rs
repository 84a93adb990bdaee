//! Gives dead letters back to their function.

use std::collections::BTreeSet;

use anyhow::Context as _;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_sqs::types::Message;
use serde::Serialize;

use super::SuiteArgs;
use super::dead_letter::DeadLetter;
use super::list::describe;
use crate::outcome::Outcome;
use crate::output::{Output, progress, table};

/// Seconds for which a message that was read is hidden from other readers.
const HIDDEN_SECONDS: i32 = 120;
/// As many as SQS hands out at once.
const BATCH: i32 = 10;
/// What Lambda answers when it has taken an asynchronous event.
const ACCEPTED: i32 = 202;

#[derive(Debug, clap::Args)]
pub struct RedriveArgs {
    /// The function, without prefix, such as alert-handler.
    #[arg(long)]
    function: String,
    /// How many messages at most; all that wait at the start if left out.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,
    /// Show what would be done, and leave every message where it is.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    suite: SuiteArgs,
}

/// What became of one message.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Handled {
    message_id: String,
    /// Where it came from, if that is known.
    origin: Option<&'static str>,
    result: Fate,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
enum Fate {
    /// Lambda has it, the queue no longer.
    Redriven,
    /// Dry run: it would be.
    WouldBeRedriven,
    /// It is still in the queue.
    Left { because: String },
}

/// The two services, and the names in them.
struct Redrive {
    sqs: aws_sdk_sqs::Client,
    lambda: aws_sdk_lambda::Client,
    queue_url: String,
    function_name: String,
    dry_run: bool,
}

pub(super) async fn run(args: &RedriveArgs, output: Output) -> anyhow::Result<Outcome> {
    let config = args.suite.aws.load().await;
    let function_name = format!("{}-{}", args.suite.prefix, args.function);
    let queue_name = format!("{function_name}-dlq");
    let sqs = aws_sdk_sqs::Client::new(&config);
    let found = sqs.get_queue_url().queue_name(&queue_name).send().await.with_context(|| {
        format!("the queue {queue_name} cannot be found; `nightjar dlq list` shows those there are")
    })?;
    let queue_url = found.queue_url.with_context(|| format!("SQS gave no address for the queue {queue_name}"))?;
    let waiting = describe(&sqs, &queue_name, &queue_url).await?.messages;
    let redrive =
        Redrive { sqs, lambda: aws_sdk_lambda::Client::new(&config), queue_url, function_name, dry_run: args.dry_run };
    let handled = redrive.all(args.max.unwrap_or(waiting.max(1))).await?;
    output.print(&handled, |handled| report(handled, &queue_name))?;
    Ok(Outcome::fine_if(!handled.iter().any(|one| matches!(one.result, Fate::Left { .. }))))
}

impl Redrive {
    /// Handles up to `max` messages. The bound keeps a message that fails again at once from going in circles.
    async fn all(&self, max: u64) -> anyhow::Result<Vec<Handled>> {
        let bar = progress(format!("Redriving to {}", self.function_name));
        let mut handled: Vec<Handled> = Vec::new();
        let mut kept = Vec::new();
        let mut seen = BTreeSet::new();
        while (handled.len() as u64) < max {
            let wanted = (max - handled.len() as u64).min(BATCH as u64) as i32;
            let messages = self.receive(wanted).await?;
            let mut fresh = false;
            for message in messages {
                let id = message.message_id.clone().unwrap_or_default();
                if !seen.insert(id.clone()) {
                    continue;
                }
                fresh = true;
                let one = self.handle(&message, id).await?;
                if one.result != Fate::Redriven {
                    kept.extend(message.receipt_handle);
                }
                handled.push(one);
                bar.inc(1);
            }
            if !fresh {
                break;
            }
        }
        for receipt in kept {
            self.show_again(receipt).await?;
        }
        bar.finish_and_clear();
        Ok(handled)
    }

    async fn receive(&self, count: i32) -> anyhow::Result<Vec<Message>> {
        let answer = self
            .sqs
            .receive_message()
            .queue_url(&self.queue_url)
            .max_number_of_messages(count)
            .visibility_timeout(HIDDEN_SECONDS)
            .wait_time_seconds(1)
            .send()
            .await
            .context("the dead-letter queue cannot be read")?;
        Ok(answer.messages.unwrap_or_default())
    }

    async fn handle(&self, message: &Message, message_id: String) -> anyhow::Result<Handled> {
        let letter = match DeadLetter::recognise(message.body().unwrap_or_default()) {
            Ok(letter) => letter,
            Err(error) => {
                return Ok(Handled { message_id, origin: None, result: Fate::Left { because: error.to_string() } });
            }
        };
        let result = if self.dry_run { Fate::WouldBeRedriven } else { self.redrive(&letter, message).await? };
        Ok(Handled { message_id, origin: Some(letter.origin()), result })
    }

    /// First Lambda, then the queue: a crash between the two repeats the event, which every function can take.
    async fn redrive(&self, letter: &DeadLetter, message: &Message) -> anyhow::Result<Fate> {
        let invoked = self
            .lambda
            .invoke()
            .function_name(&self.function_name)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(serde_json::to_vec(letter.event())?))
            .send()
            .await
            .with_context(|| {
                format!("Lambda did not take the event for {}; the message stays queued", self.function_name)
            })?;
        if invoked.status_code() != ACCEPTED {
            return Ok(Fate::Left { because: format!("Lambda answered {} instead of 202", invoked.status_code()) });
        }
        self.sqs
            .delete_message()
            .queue_url(&self.queue_url)
            .set_receipt_handle(message.receipt_handle.clone())
            .send()
            .await
            .context("the message was redriven, but cannot be deleted from the queue")?;
        Ok(Fate::Redriven)
    }

    async fn show_again(&self, receipt: String) -> anyhow::Result<()> {
        self.sqs
            .change_message_visibility()
            .queue_url(&self.queue_url)
            .receipt_handle(receipt)
            .visibility_timeout(0)
            .send()
            .await
            .with_context(|| format!("a message that was left in the queue stays hidden for {HIDDEN_SECONDS} s"))?;
        Ok(())
    }
}

fn report(handled: &[Handled], queue: &str) -> String {
    if handled.is_empty() {
        return format!("No messages in {queue}");
    }
    let rows = handled.iter().map(|one| {
        let fate = match &one.result {
            Fate::Redriven => "redriven".to_owned(),
            Fate::WouldBeRedriven => "would be redriven".to_owned(),
            Fate::Left { because } => format!("left in the queue: {because}"),
        };
        [one.message_id.clone(), one.origin.unwrap_or("unknown").to_owned(), fate]
    });
    table(&["message", "from", "result"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_lambda::operation::invoke::InvokeOutput;
    use aws_sdk_sqs::operation::change_message_visibility::ChangeMessageVisibilityOutput;
    use aws_sdk_sqs::operation::delete_message::DeleteMessageOutput;
    use aws_sdk_sqs::operation::receive_message::ReceiveMessageOutput;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

    const RECORD: &str = r#"{"requestPayload": {"a": 1}, "requestContext": {}}"#;

    fn message(id: &str, body: &str) -> Message {
        Message::builder().message_id(id).receipt_handle(format!("receipt-{id}")).body(body).build()
    }

    /// A queue that hands out `messages` once, and what was asked of it afterwards.
    struct Queue {
        receive: Rule,
        delete: Rule,
        show: Rule,
    }

    impl Queue {
        fn of(messages: Vec<Message>) -> Self {
            let receive = mock!(aws_sdk_sqs::Client::receive_message)
                .sequence()
                .output(move || ReceiveMessageOutput::builder().set_messages(Some(messages.clone())).build())
                .output(|| ReceiveMessageOutput::builder().build())
                .repeatedly()
                .build();
            let delete =
                mock!(aws_sdk_sqs::Client::delete_message).then_output(|| DeleteMessageOutput::builder().build());
            let show = mock!(aws_sdk_sqs::Client::change_message_visibility)
                .match_requests(|request| request.visibility_timeout() == Some(0))
                .then_output(|| ChangeMessageVisibilityOutput::builder().build());
            Self { receive, delete, show }
        }

        fn redrive(&self, lambda: aws_sdk_lambda::Client, dry_run: bool) -> Redrive {
            Redrive {
                sqs: mock_client!(aws_sdk_sqs, RuleMode::MatchAny, [&self.receive, &self.delete, &self.show]),
                lambda,
                queue_url: "http://localhost/000000000000/aiops-alert-handler-dlq".to_owned(),
                function_name: "aiops-alert-handler".to_owned(),
                dry_run,
            }
        }
    }

    fn lambda_answering(status: i32) -> (Rule, aws_sdk_lambda::Client) {
        let rule = mock!(aws_sdk_lambda::Client::invoke)
            .match_requests(|request| {
                request.function_name() == Some("aiops-alert-handler")
                    && request.invocation_type() == Some(&InvocationType::Event)
                    && request.payload().is_some_and(|payload| payload.as_ref() == br#"{"a":1}"#)
            })
            .then_output(move || InvokeOutput::builder().status_code(status).build());
        let client = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&rule]);
        (rule, client)
    }

    #[tokio::test]
    async fn what_is_recognised_goes_back_and_the_rest_stays() {
        let queue = Queue::of(vec![message("1", RECORD), message("2", "what is this?")]);
        let (invoke, lambda) = lambda_answering(202);
        let handled = queue.redrive(lambda, false).all(10).await.unwrap();
        assert_eq!(handled[0].result, Fate::Redriven);
        assert!(matches!(&handled[1].result, Fate::Left { because } if because.contains("not JSON")));
        assert_eq!((invoke.num_calls(), queue.delete.num_calls(), queue.show.num_calls()), (1, 1, 1));
    }

    #[tokio::test]
    async fn a_message_lambda_did_not_accept_is_not_deleted() {
        let queue = Queue::of(vec![message("1", RECORD)]);
        let (_, lambda) = lambda_answering(200);
        let handled = queue.redrive(lambda, false).all(10).await.unwrap();
        assert!(matches!(handled[0].result, Fate::Left { .. }));
        assert_eq!((queue.delete.num_calls(), queue.show.num_calls()), (0, 1));
    }

    #[tokio::test]
    async fn a_dry_run_touches_nothing() {
        let queue = Queue::of(vec![message("1", RECORD)]);
        let no_lambda = mock_client!(aws_sdk_lambda, RuleMode::Sequential, []);
        let handled = queue.redrive(no_lambda, true).all(10).await.unwrap();
        assert_eq!(handled[0].result, Fate::WouldBeRedriven);
        assert_eq!((queue.delete.num_calls(), queue.show.num_calls()), (0, 1));
    }

    #[tokio::test]
    async fn a_message_handed_out_twice_is_handled_once() {
        let queue = Queue::of(vec![message("1", RECORD), message("1", RECORD)]);
        let (invoke, lambda) = lambda_answering(202);
        assert_eq!(queue.redrive(lambda, false).all(10).await.unwrap().len(), 1);
        assert_eq!(invoke.num_calls(), 1);
    }
}
