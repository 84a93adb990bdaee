//! What is read from a message, what the channels make of it, and what a message that cannot be read is told to be.

use crate::store::Simulated;
use crate::support::{Claims, Receivers, Tables, fixture, now};
use nightjar_alert_handler::handler::handle;
use rstest::rstest;
use serde_json::{Value, json};

#[rstest]
#[case::incident("incident")]
#[case::remediation("remediation")]
#[tokio::test]
async fn each_channel_has_its_own_form(#[case] name: &str) {
    let (tables, receivers) = (Tables::new(Claims::Free), Receivers::answering(200).await);
    handle(&receivers.context(&tables, Simulated::default()), fixture(name), now()).await.unwrap();
    let mut posted = serde_json::Map::new();
    for channel in ["slack", "hook"] {
        let post = receivers.posts(&format!("/{channel}")).await.remove(0);
        let body: Value = serde_json::from_slice(&post.body).unwrap();
        posted.insert(
            channel.to_owned(),
            json!({ "id": post.headers.get("webhook-id").map(|id| id.to_str().unwrap()), "body": body }),
        );
    }
    insta::with_settings!({ sort_maps => true }, {
        insta::assert_json_snapshot!(format!("posts_for_{name}"), posted);
    });
}

#[rstest]
#[case::text("not_an_envelope")]
#[case::body("incomplete_body")]
#[case::schema("unknown_schema")]
#[tokio::test]
async fn what_cannot_be_read_fails_the_invocation_and_says_why(#[case] name: &str) {
    let (tables, receivers) = (Tables::new(Claims::Free), Receivers::answering(200).await);
    let context = receivers.context(&tables, Simulated::default());

    let error = handle(&context, fixture(name), now()).await.unwrap_err();

    assert!(receivers.posts("/").await.is_empty());
    assert_eq!(tables.claims.num_calls(), 0);
    insta::assert_snapshot!(format!("refuses_{name}"), error);
}
