//! `nightjar notify`: trying receivers out.

use anyhow::Context as _;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use serde_json::{Value, json};

use crate::aws::AwsArgs;
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Subcommand)]
pub enum NotifyCommand {
    /// Send a message that says it is a test through every channel of a receiver, from where alerts are sent. A channel
    /// that was disabled and takes it is enabled again. Exit status 1 if one does not get through.
    Test(TestArgs),
}

#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// As alert_routes.json calls it.
    receiver: String,
    /// The function that tells people.
    #[arg(long, default_value = "aiops-alert-handler")]
    function: String,
    #[command(flatten)]
    aws: AwsArgs,
}

pub(super) async fn run(command: &NotifyCommand, output: Output) -> anyhow::Result<Outcome> {
    let NotifyCommand::Test(args) = command;
    let trials = test(&Client::new(&args.aws.load().await), args).await?;
    output.print(&trials, describe)?;
    let all = trials.as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(Outcome::fine_if(all.iter().all(|trial| trial["problem"].is_null())))
}

/// What the function says of each channel.
async fn test(client: &Client, args: &TestArgs) -> anyhow::Result<Value> {
    let event = json!({ "test": { "receiver": args.receiver } });
    let call = client.invoke().function_name(&args.function).payload(Blob::new(event.to_string()));
    let answer = call.send().await.with_context(|| format!("{} cannot be invoked", args.function))?;
    let payload = answer.payload().map(|payload| String::from_utf8_lossy(payload.as_ref()).into_owned());
    let payload: Value = serde_json::from_str(&payload.unwrap_or_default()).context("the function answered no JSON")?;
    if answer.function_error().is_some() {
        anyhow::bail!("{} says: {}", args.function, payload["errorMessage"].as_str().unwrap_or("nothing"));
    }
    Ok(payload["trials"].clone())
}

fn describe(trials: &Value) -> String {
    let all = trials.as_array().map(Vec::as_slice).unwrap_or_default();
    let rows = all.iter().map(|trial| {
        let text = |name: &str| trial[name].as_str().unwrap_or_default().to_owned();
        let verdict = match (trial["problem"].as_str(), trial["enabled_again"].as_bool()) {
            (Some(problem), _) => problem.to_owned(),
            (None, Some(true)) => "got through; enabled again".to_owned(),
            (None, _) => "got through".to_owned(),
        };
        [text("channel"), verdict]
    });
    table(&["channel", "verdict"], rows)
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::operation::invoke::InvokeOutput;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    async fn answered(payload: &'static str, error: Option<&'static str>) -> anyhow::Result<Value> {
        let rule = mock!(Client::invoke).then_output(move || {
            InvokeOutput::builder().payload(Blob::new(payload)).set_function_error(error.map(str::to_owned)).build()
        });
        let client = mock_client!(aws_sdk_lambda, RuleMode::MatchAny, [&rule]);
        let args = TestArgs {
            receiver: "ops".to_owned(),
            function: "aiops-alert-handler".to_owned(),
            aws: AwsArgs::default(),
        };
        test(&client, &args).await
    }

    #[tokio::test]
    async fn each_channel_has_its_verdict() {
        let payload = r#"{"trials": [{"channel": "slack", "problem": null, "enabled_again": true}, {"channel": "hook", "problem": "refused", "enabled_again": false}]}"#;
        let text = describe(&answered(payload, None).await.unwrap());
        assert!(text.contains("enabled again") && text.contains("refused"), "{text}");
    }

    #[tokio::test]
    async fn a_receiver_that_does_not_exist_is_named() {
        let error =
            answered(r#"{"errorMessage": "there is no receiver \"ops\""}"#, Some("Unhandled")).await.unwrap_err();
        assert!(error.to_string().contains("there is no receiver"), "{error}");
    }
}
