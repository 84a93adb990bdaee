//! People get text, machines get the envelope, and what is too large is refused before it is sent.

use aws_sdk_sns::Client;
use aws_sdk_sns::error::ErrorMetadata;
use aws_sdk_sns::operation::publish::{PublishError as SnsError, PublishInput, PublishOutput};
use aws_smithy_mocks::{Rule, mock, mock_client};
use nightjar_aws::envelope::{PublishError, Publisher, Readable};
use nightjar_domain::envelope::Envelope;
use nightjar_domain::incident::Incident;
use nightjar_testkit::{envelope_of, incident};
use serde_json::Value;

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:aiops-critical-alerts";

fn publisher(rules: &[&Rule]) -> Publisher {
    Publisher::new(mock_client!(aws_sdk_sns, rules.iter().copied()), TOPIC.to_owned())
}

fn readable() -> Readable {
    Readable { subject: "[HIGH] CPU".to_owned(), text: "The CPU is busy.".to_owned() }
}

fn attributes_are_complete(request: &PublishInput) -> bool {
    let attributes = request.message_attributes().unwrap();
    [("kind", "incident"), ("severity", "critical"), ("resource_type", "ec2:instance")]
        .iter()
        .all(|(name, value)| attributes[*name].string_value() == Some(*value))
}

#[tokio::test]
async fn email_gets_text_and_everybody_else_the_envelope() {
    let rule = mock!(Client::publish)
        .match_requests(|request| {
            let message: Value = serde_json::from_str(request.message().unwrap()).unwrap();
            let envelope = Envelope::<Incident>::parse(message["default"].as_str().unwrap()).unwrap();
            attributes_are_complete(request)
                && request.message_structure() == Some("json")
                && request.subject() == Some("[HIGH] CPU")
                && message["email"] == "The CPU is busy."
                && envelope.body == incident()
        })
        .then_output(|| PublishOutput::builder().build());
    publisher(&[&rule]).publish(&envelope_of(incident()), Some(readable())).await.unwrap();
    assert_eq!(rule.num_calls(), 1);
}

#[tokio::test]
async fn without_a_text_the_envelope_is_the_message() {
    let rule = mock!(Client::publish)
        .match_requests(|request| {
            attributes_are_complete(request)
                && request.message_structure().is_none()
                && request.subject().is_none()
                && Envelope::<Incident>::parse(request.message().unwrap()).unwrap() == envelope_of(incident())
        })
        .then_output(|| PublishOutput::builder().build());
    publisher(&[&rule]).publish(&envelope_of(incident()), None).await.unwrap();
}

#[tokio::test]
async fn what_sns_would_refuse_is_not_sent() {
    let large = Incident { title: "x".repeat(256 * 1024), ..incident() };
    let error = publisher(&[]).publish(&envelope_of(large), Some(readable())).await.unwrap_err();
    assert!(matches!(&error, PublishError::TooLarge { limit: 260_096, .. }), "{error}");
    assert!(error.to_string().ends_with("above the 260096 that SNS accepts"), "{error}");
}

#[tokio::test]
async fn a_passing_failure_is_retried_by_the_client() {
    let rule =
        mock!(Client::publish).sequence().http_status(503, None).output(|| PublishOutput::builder().build()).build();
    publisher(&[&rule]).publish(&envelope_of(incident()), None).await.unwrap();
    assert_eq!(rule.num_calls(), 2);
}

#[tokio::test]
async fn a_refusal_names_the_message_and_the_topic() {
    let rule = mock!(Client::publish).then_error(|| {
        SnsError::generic(ErrorMetadata::builder().code("AuthorizationError").message("no sns:Publish").build())
    });
    let error = publisher(&[&rule]).publish(&envelope_of(incident()), None).await.unwrap_err().to_string();
    let expected = format!("SNS did not accept the message {} for {TOPIC}: ", incident().id);
    assert!(error.starts_with(&expected), "{error}");
}
