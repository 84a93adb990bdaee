//! Each alert goes out once per channel, and no failure is lost.

use crate::support::{Claims, INCIDENT, Receivers, SECRET, Tables, environment, fixture, now};
use nightjar_alert_handler::context::Context;
use nightjar_alert_handler::handler::{Summary, handle};
use nightjar_alert_handler::settings::Settings;
use nightjar_aws::clock;
use nightjar_domain::audit::FactKind;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use wiremock::ResponseTemplate;

#[tokio::test]
async fn an_alert_goes_to_every_channel_and_is_recorded() {
    let (tables, receivers) = (Tables::new(Claims::Free), Receivers::answering(200).await);
    let context = receivers.context(&tables);

    let summary = handle(&context, fixture("incident"), now()).await.unwrap();

    assert_eq!(summary, Summary { sent: 2, already_sent: 0 });
    assert_eq!(receivers.posts("/slack").await.len(), 1);
    assert_eq!(receivers.posts("/hook").await.len(), 1);
    assert_eq!(tables.marked_sent.num_calls(), 2);
    assert_eq!(tables.released.num_calls(), 0);
    assert_eq!(tables.audited(), ["slack", "webhook"]);
    for entry in tables.facts() {
        assert_eq!(entry.fact.kind, FactKind::NotificationSent);
        assert_eq!(entry.fact.actor, "alert-handler");
        assert_eq!(entry.fact.because_of.as_deref(), Some(INCIDENT));
    }
}

#[tokio::test]
async fn what_went_out_before_is_not_posted_again_but_recorded_again() {
    let (tables, receivers) = (Tables::new(Claims::Sent), Receivers::answering(200).await);
    let context = receivers.context(&tables);

    let summary = handle(&context, fixture("incident"), now()).await.unwrap();

    assert_eq!(summary, Summary { sent: 0, already_sent: 2 });
    assert!(receivers.posts("/").await.is_empty());
    assert_eq!(tables.audited(), ["slack", "webhook"]);
}

#[tokio::test]
async fn one_channel_that_fails_does_not_hold_up_the_other() {
    let tables = Tables::new(Claims::Free);
    let receivers = Receivers::start(ResponseTemplate::new(500), ResponseTemplate::new(204)).await;
    let context = receivers.context(&tables);

    let error = handle(&context, fixture("incident"), now()).await.unwrap_err();

    insta::assert_snapshot!(
        error,
        @"not delivered: inc_8d2f6b1c4a7e90355d21 to slack: 127.0.0.1 failed (500 Internal Server Error)"
    );
    assert_eq!(receivers.posts("/hook").await.len(), 1);
    assert_eq!(tables.released.num_calls(), 1);
    assert_eq!(tables.marked_sent.num_calls(), 1);
    assert_eq!(tables.audited(), ["webhook"]);
}

#[tokio::test]
async fn every_failed_channel_is_named() {
    let (tables, receivers) = (Tables::new(Claims::Free), Receivers::answering(503).await);
    let error = handle(&receivers.context(&tables), fixture("incident"), now()).await.unwrap_err();
    insta::assert_snapshot!(error, @"not delivered: inc_8d2f6b1c4a7e90355d21 to slack: 127.0.0.1 failed (503 Service Unavailable); inc_8d2f6b1c4a7e90355d21 to webhook: 127.0.0.1 failed (503 Service Unavailable)");
    assert_eq!(tables.released.num_calls(), 2);
    assert!(tables.facts().is_empty());
}

#[tokio::test]
async fn while_another_worker_sends_the_invocation_fails_so_that_it_is_retried() {
    let (tables, receivers) = (Tables::new(Claims::InFlight), Receivers::answering(200).await);
    let error = handle(&receivers.context(&tables), fixture("incident"), now()).await.unwrap_err();
    assert!(error.to_string().contains("another invocation may be sending it"), "{error}");
    assert!(receivers.posts("/").await.is_empty());
    assert_eq!(tables.released.num_calls(), 0, "the claim is the other worker's");
    assert!(tables.facts().is_empty());
}

#[tokio::test]
async fn a_receiver_can_verify_the_webhook_and_tell_a_repeat() {
    let (tables, receivers) = (Tables::new(Claims::Free), Receivers::answering(200).await);
    let context = receivers.context(&tables);

    handle(&context, fixture("remediation"), clock::now()).await.unwrap();
    handle(&context, fixture("remediation"), clock::now()).await.unwrap();

    let posts = receivers.posts("/hook").await;
    for post in &posts {
        Webhook::new(SECRET).unwrap().verify(&post.body, &post.headers).unwrap();
    }
    assert_eq!(posts[0].headers["webhook-id"], posts[1].headers["webhook-id"]);
    let body: Value = serde_json::from_slice(&posts[0].body).unwrap();
    assert_eq!(body["type"], "nightjar.remediation");
    assert_eq!(
        body["data"]["result"],
        json!({ "result": "done", "text": "The reboot was requested; EC2 accepted it." })
    );
}

#[tokio::test]
async fn without_a_channel_there_is_nothing_to_do() {
    const TABLES: &[(&str, &str)] = &[("NOTIFICATIONS_TABLE", "n"), ("AUDIT_TABLE", "a"), ("SLACK_WEBHOOK_URL", "")];
    let tables = Tables::new(Claims::Free);
    let context = Context::new(Settings::read(environment(TABLES)).unwrap(), tables.client.clone()).unwrap();
    let summary = handle(&context, fixture("incident"), now()).await.unwrap();
    assert_eq!(serde_json::to_value(summary).unwrap(), json!({ "sent": 0, "already_sent": 0 }));
    assert_eq!(tables.claims.num_calls(), 0);
}
