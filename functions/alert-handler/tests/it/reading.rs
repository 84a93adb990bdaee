//! What is read from a message, what each channel makes of it, and what a message that cannot be read is told to be.

use crate::support::{Claims, Receivers, SECRET, Tables, environment, fixture, now};
use nightjar_alert_handler::alert::Alert;
use nightjar_alert_handler::channels::Channels;
use nightjar_alert_handler::handler::handle;
use nightjar_alert_handler::settings::Settings;
use nightjar_aws::envelope::messages;
use nightjar_domain::id::NotificationId;
use rstest::rstest;
use serde_json::Value;
use standardwebhooks::HEADER_WEBHOOK_SIGNATURE;

/// What each channel would post for a fixture, as JSON.
fn rendered(name: &str) -> Value {
    const BOTH: &[(&str, &str)] = &[
        ("NOTIFICATIONS_TABLE", "n"),
        ("AUDIT_TABLE", "a"),
        ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/token"),
        ("WEBHOOK_URL", "https://example.com/hook"),
        ("WEBHOOK_SECRET", SECRET),
    ];
    let settings = Settings::read(environment(BOTH)).unwrap();
    let channels = Channels::open(settings.slack, settings.webhook).unwrap().unwrap();
    let event = fixture(name);
    let alert = Alert::parse(messages(&event).next().unwrap()).unwrap();
    let posts = channels.all.iter().map(|channel| {
        let id = NotificationId::derive(&[&alert.notice.id, channel.name()]);
        let post = channel.render(&alert, &id, now()).unwrap();
        let body: Value = serde_json::from_str(&post.body).unwrap();
        // The signature is over the bytes of the body, whose order of keys varies with serde_json's features.
        let headers = post.headers.into_iter().filter(|(name, _)| *name != HEADER_WEBHOOK_SIGNATURE);
        let headers: serde_json::Map<String, Value> =
            headers.map(|(name, value)| (name.to_owned(), value.into())).collect();
        (channel.name().to_owned(), serde_json::json!({ "headers": headers, "body": body }))
    });
    posts.collect::<serde_json::Map<_, _>>().into()
}

#[rstest]
#[case::incident("incident")]
#[case::remediation("remediation")]
fn each_channel_has_its_own_form(#[case] name: &str) {
    insta::with_settings!({ sort_maps => true }, {
        insta::assert_json_snapshot!(format!("posts_for_{name}"), rendered(name));
    });
}

#[rstest]
#[case::text("not_an_envelope")]
#[case::body("incomplete_body")]
#[case::schema("unknown_schema")]
#[tokio::test]
async fn what_cannot_be_read_fails_the_invocation_and_says_why(#[case] name: &str) {
    let (tables, receivers) = (Tables::new(Claims::Free), Receivers::answering(200).await);

    let error = handle(&receivers.context(&tables), fixture(name), now()).await.unwrap_err();

    assert!(receivers.posts("/").await.is_empty());
    assert_eq!(tables.claims.num_calls(), 0);
    insta::assert_snapshot!(format!("refuses_{name}"), error);
}
