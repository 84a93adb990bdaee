//! Slack's app: one message a group, brought up to date, with a thread below it.

use jiff::SignedDuration;
use nightjar_alert_handler::context::Context;
use nightjar_alert_handler::handler::handle;
use nightjar_domain::incident::{Incident, Status};
use nightjar_domain::incident_change::IncidentChange;
use nightjar_domain::routing::Routes;
use nightjar_testkit::{envelope_of, sns_event};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::store::Simulated;
use crate::support::{Claims, Receivers, Tables, fixture, now, tick};

const POST: &str = "/api/chat.postMessage";
const UPDATE: &str = "/api/chat.update";

/// A workspace that answers posts and updates as told, and the function with its only receiver there.
struct World {
    receivers: Receivers,
    groups: Simulated,
    context: Context<Simulated>,
}

impl World {
    async fn new(update: Value) -> Self {
        let receivers = Receivers::answering(200).await;
        for (at, answer) in
            [(POST, json!({ "ok": true, "channel": "C1", "ts": "1503435956.000247" })), (UPDATE, update)]
        {
            Mock::given(method("POST"))
                .and(path(at))
                .and(header("authorization", "Bearer xoxb-1"))
                .respond_with(ResponseTemplate::new(200).set_body_json(answer))
                .mount(&receivers.server)
                .await;
        }
        let document = json!({
            "route": { "receiver": "ops", "group_by": ["resource"], "group_wait": "0s", "group_interval": "0s", "repeat_interval": "1h" },
            "receivers": { "ops": { "channels": [{
                "type": "slack_app", "token": { "env": "SLACK_BOT_TOKEN" }, "channel": "C0123456789", "mention": "<!here>",
                "url": format!("{}/api/", receivers.server.uri()),
            }] } },
        });
        let routes = Routes::parse(&document.to_string(), r#"{"products": {}}"#).unwrap();
        let groups = Simulated::default();
        let context = receivers.context_with(&Tables::new(Claims::Free), groups.clone(), routes);
        Self { receivers, groups, context }
    }

    async fn calls(&self, at: &str) -> Vec<Value> {
        let posts = self.receivers.posts(at).await;
        posts.iter().map(|post| serde_json::from_slice(&post.body).unwrap()).collect()
    }

    /// What somebody did to the incident of the fixture, as the API tells it.
    async fn change(&self, to: Status, minutes: i64) {
        let event = fixture("incident");
        let message = event["Records"][0]["Sns"]["Message"].as_str().unwrap();
        let envelope: Value = serde_json::from_str(message).unwrap();
        let incident: Incident = serde_json::from_value(envelope["body"].clone()).unwrap();
        let at = now() + SignedDuration::from_mins(minutes);
        let incident = incident.changed(to, "alice", "on it", None, at).unwrap();
        let told = serde_json::to_string(&envelope_of(IncidentChange { incident })).unwrap();
        let summary = handle(&self.context, serde_json::to_value(sns_event(&told)).unwrap(), at).await.unwrap();
        assert_eq!((summary.sent, summary.failed), (1, 0), "{summary:?}");
    }
}

fn fine() -> Value {
    json!({ "ok": true, "channel": "C1", "ts": "1503435956.000247" })
}

#[tokio::test]
async fn what_happens_next_updates_the_first_message_and_joins_its_thread() {
    let world = World::new(fine()).await;
    handle(&world.context, fixture("incident"), now()).await.unwrap();
    let first = world.calls(POST).await.remove(0);
    assert_eq!((first["channel"].as_str(), first["thread_ts"].as_str()), (Some("C0123456789"), None));
    assert!(first["text"].as_str().unwrap().starts_with("<!here> HIGH: "), "{}", first["text"]);

    world.change(Status::Acknowledged, 5).await;
    let update = world.calls(UPDATE).await.remove(0);
    assert_eq!((update["channel"].as_str(), update["ts"].as_str()), (Some("C1"), Some("1503435956.000247")));
    assert!(
        update["text"].as_str().unwrap().starts_with("HIGH: Acknowledged: "),
        "nobody is pinged: {}",
        update["text"]
    );
    let reply = world.calls(POST).await.remove(1);
    assert_eq!((reply["channel"].as_str(), reply["thread_ts"].as_str()), (Some("C1"), Some("1503435956.000247")));
    assert!(reply["reply_broadcast"].is_null() && reply["attachments"].is_null());

    world.change(Status::Resolved, 10).await;
    let over = world.calls(UPDATE).await.remove(1);
    assert_eq!(over["attachments"][0]["color"], "#2e7d32");
    assert!(over["text"].as_str().unwrap().contains("Resolved: "));

    // The group is empty: the same trouble tomorrow is a message of its own.
    let mut event = fixture("incident");
    let message = &mut event["Records"][0]["Sns"]["Message"];
    let mut envelope: Value = serde_json::from_str(message.as_str().unwrap()).unwrap();
    (envelope["id"], envelope["body"]["id"]) = (json!("inc_00000000000000000001"), json!("inc_00000000000000000001"));
    *message = json!(envelope.to_string());
    handle(&world.context, event, now() + SignedDuration::from_hours(24)).await.unwrap();
    assert_eq!((world.calls(UPDATE).await.len(), world.calls(POST).await.len()), (2, 4));
    assert!(world.calls(POST).await[3]["thread_ts"].is_null());
    assert_eq!(world.groups.told(), 1);
}

#[tokio::test]
async fn a_reminder_is_seen_by_the_channel() {
    let world = World::new(fine()).await;
    handle(&world.context, fixture("incident"), now()).await.unwrap();
    handle(&world.context, tick(), now() + SignedDuration::from_hours(2)).await.unwrap();
    let reminder = world.calls(POST).await.remove(1);
    assert_eq!(reminder["reply_broadcast"], true);
    assert!(reminder["text"].as_str().unwrap().starts_with("<!here> HIGH: Still firing: "), "{}", reminder["text"]);
}

#[tokio::test]
async fn where_the_first_message_was_deleted_a_new_one_takes_its_place() {
    let world = World::new(json!({ "ok": false, "error": "message_not_found" })).await;
    handle(&world.context, fixture("incident"), now()).await.unwrap();
    world.change(Status::Acknowledged, 5).await;
    let posts = world.calls(POST).await;
    assert_eq!(posts.len(), 2);
    assert!(posts[1]["thread_ts"].is_null(), "it stands on its own");
}

#[tokio::test]
async fn where_messages_may_not_be_edited_the_thread_goes_on() {
    let world = World::new(json!({ "ok": false, "error": "edit_window_closed" })).await;
    handle(&world.context, fixture("incident"), now()).await.unwrap();
    world.change(Status::Acknowledged, 5).await;
    assert_eq!(world.calls(POST).await[1]["thread_ts"], "1503435956.000247");
}

#[tokio::test]
async fn a_refusal_within_a_success_is_a_failure_and_tried_again() {
    let world = World::new(json!({ "ok": false, "error": "token_revoked" })).await;
    handle(&world.context, fixture("incident"), now()).await.unwrap();
    let later = now() + SignedDuration::from_hours(2);
    let summary = handle(&world.context, tick(), later).await.unwrap();
    assert_eq!((summary.sent, summary.failed), (0, 1));
    assert!(world.groups.next_due().is_some_and(|at| at > later));
    assert_eq!(world.calls(POST).await.len(), 1, "the reply waits for the update");
}
