//! Each alert goes out once per channel, and no failure is lost.

use crate::store::Simulated;
use crate::support::{Claims, INCIDENT, Receivers, SECRET, Tables, fixture, now, tick};
use jiff::SignedDuration;
use nightjar_alert_handler::handler::{Summary, handle};
use nightjar_aws::clock;
use nightjar_domain::audit::FactKind;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use wiremock::ResponseTemplate;

const BOTH: Summary = Summary {
    routed: 1,
    sent: 2,
    already_sent: 0,
    quiet: 0,
    held_back: 0,
    failed: 0,
    abandoned: 0,
    trials: Vec::new(),
};

#[tokio::test]
async fn an_alert_goes_to_every_channel_at_once_and_is_recorded() {
    let (tables, receivers) = (Tables::new(Claims::Free), Receivers::answering(200).await);
    let context = receivers.context(&tables, Simulated::default());

    assert_eq!(handle(&context, fixture("incident"), now()).await.unwrap(), BOTH);

    assert_eq!((receivers.posts("/slack").await.len(), receivers.posts("/hook").await.len()), (1, 1));
    assert_eq!((tables.marked_sent.num_calls(), tables.released.num_calls()), (2, 0));
    assert_eq!(tables.audited(), ["notification.sent default/slack", "notification.sent default/webhook"]);
    for entry in tables.facts() {
        assert_eq!((entry.fact.kind, entry.fact.actor.as_str()), (FactKind::NotificationSent, "alert-handler"));
        assert_eq!(entry.fact.because_of.as_deref(), Some(INCIDENT));
    }
}

#[tokio::test]
async fn a_redelivery_tells_nothing_again() {
    let (tables, receivers) = (Tables::new(Claims::Free), Receivers::answering(200).await);
    let context = receivers.context(&tables, Simulated::default());
    handle(&context, fixture("incident"), now()).await.unwrap();
    let again = handle(&context, fixture("incident"), now() + SignedDuration::from_secs(90)).await.unwrap();
    assert_eq!(again, Summary { routed: 1, quiet: 2, ..Summary::default() });
    assert_eq!(receivers.posts("/").await.len(), 2);
}

#[tokio::test]
async fn what_went_out_before_a_crash_is_not_posted_again_but_recorded() {
    let (tables, receivers) = (Tables::new(Claims::Sent), Receivers::answering(200).await);
    let context = receivers.context(&tables, Simulated::default());
    let summary = handle(&context, fixture("incident"), now()).await.unwrap();
    assert_eq!(summary, Summary { routed: 1, already_sent: 2, ..Summary::default() });
    assert!(receivers.posts("/").await.is_empty());
    assert_eq!(tables.audited().len(), 2);
}

#[tokio::test]
async fn while_another_worker_sends_the_group_stays_due() {
    let (tables, receivers) = (Tables::new(Claims::InFlight), Receivers::answering(200).await);
    let groups = Simulated::default();
    let context = receivers.context(&tables, groups.clone());
    handle(&context, fixture("incident"), now()).await.unwrap();
    assert!(receivers.posts("/").await.is_empty());
    assert_eq!(groups.next_due(), Some(now()), "the schedule looks again when the lease has ended");
}

#[tokio::test]
async fn one_channel_that_fails_does_not_hold_up_the_other_and_is_tried_again() {
    let tables = Tables::new(Claims::Free);
    let receivers = Receivers::start(ResponseTemplate::new(500), ResponseTemplate::new(204)).await;
    let groups = Simulated::default();
    let context = receivers.context(&tables, groups.clone());

    let summary = handle(&context, fixture("incident"), now()).await.unwrap();
    assert_eq!(summary, Summary { routed: 1, sent: 1, failed: 1, ..Summary::default() });
    assert_eq!((tables.released.num_calls(), tables.marked_sent.num_calls()), (1, 1));

    let wait = groups.next_due().unwrap().duration_since(now()).as_secs();
    assert!((7..=15).contains(&wait), "{wait}");
    let later = now() + SignedDuration::from_mins(1);
    let summary = handle(&context, tick(), later).await.unwrap();
    assert_eq!(summary, Summary { failed: 1, ..Summary::default() });
    assert_eq!((receivers.posts("/slack").await.len(), receivers.posts("/hook").await.len()), (2, 1));
}

#[tokio::test]
async fn after_the_span_it_lies_in_the_dead_letter_queue_and_a_redrive_tells_it() {
    let tables = Tables::new(Claims::Free);
    let receivers = Receivers::start(ResponseTemplate::new(503), ResponseTemplate::new(204)).await;
    let groups = Simulated::default();
    let context = receivers.context(&tables, groups.clone());
    handle(&context, fixture("incident"), now()).await.unwrap();

    let mut at = now();
    let mut attempts = 1;
    while let Some(due) = groups.next_due() {
        at = due.max(at + SignedDuration::from_secs(1));
        handle(&context, tick(), at).await.unwrap();
        attempts += 1;
    }

    assert!(at.duration_since(now()) >= SignedDuration::from_hours(1), "the span is used to its end");
    assert_eq!(receivers.posts("/slack").await.len(), attempts);
    let letters = receivers.letters().await;
    assert_eq!(letters.len(), 1);
    assert!(letters[0]["responsePayload"]["errorMessage"].as_str().unwrap().contains("503"), "{letters:?}");
    assert!(tables.audited().contains(&"notification.abandoned default/slack".to_owned()), "{:?}", tables.audited());

    receivers.server.reset().await;
    let mended = Receivers { server: receivers.server };
    wiremock::Mock::given(wiremock::matchers::any())
        .respond_with(ResponseTemplate::new(200))
        .mount(&mended.server)
        .await;
    let summary = handle(&context, letters[0]["requestPayload"].clone(), at).await.unwrap();
    assert_eq!(summary.sent, 1);
    assert_eq!(mended.posts("/slack").await.len(), 1);
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_disabled_until_a_test_gets_through() {
    let tables = Tables::new(Claims::Free);
    let receivers = Receivers::start(ResponseTemplate::new(410), ResponseTemplate::new(204)).await;
    let context = receivers.context(&tables, Simulated::default());
    let summary = handle(&context, fixture("incident"), now()).await.unwrap();
    assert_eq!((summary.sent, summary.abandoned), (1, 1));
    assert!(tables.audited().contains(&"channel.disabled default/slack".to_owned()));

    handle(&context, fixture("remediation"), now()).await.unwrap();
    assert_eq!(receivers.posts("/slack").await.len(), 1, "nothing more is sent there");
    assert_eq!(receivers.letters().await.len(), 2, "and nothing is lost");

    receivers.server.reset().await;
    wiremock::Mock::given(wiremock::matchers::any())
        .respond_with(ResponseTemplate::new(200))
        .mount(&receivers.server)
        .await;
    let test = json!({ "test": { "receiver": "default" } });
    let trials = handle(&context, test, now()).await.unwrap().trials;
    assert!(trials.iter().all(|trial| trial.problem.is_none()));
    assert_eq!(trials.iter().filter(|trial| trial.enabled_again).count(), 1);
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let tables = Tables::new(Claims::Free);
    let throttled = ResponseTemplate::new(429).insert_header("retry-after", "300");
    let receivers = Receivers::start(throttled, ResponseTemplate::new(200)).await;
    let groups = Simulated::default();
    handle(&receivers.context(&tables, groups.clone()), fixture("incident"), now()).await.unwrap();
    assert_eq!(groups.next_due(), Some(now() + SignedDuration::from_mins(5)));
}

#[tokio::test]
async fn a_receiver_can_verify_the_webhook_and_tell_a_repeat() {
    let (tables, receivers) = (Tables::new(Claims::Free), Receivers::answering(200).await);
    // Two workers that know nothing of each other.
    for _ in 0..2 {
        handle(&receivers.context(&tables, Simulated::default()), fixture("remediation"), clock::now()).await.unwrap();
    }
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
async fn an_event_of_no_known_form_fails() {
    let (tables, receivers) = (Tables::new(Claims::Free), Receivers::answering(200).await);
    let context = receivers.context(&tables, Simulated::default());
    for event in [json!({}), json!({ "redeliver": 1 }), json!({ "Records": 1 }), json!({ "test": {} })] {
        let error = handle(&context, event, now()).await.unwrap_err().to_string();
        assert!(error.contains("neither an SNS message"), "{error}");
    }
}
