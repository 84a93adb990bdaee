//! Connections and changes in, frames out.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is its purpose")]

use std::sync::{Arc, Mutex};

use aws_sdk_apigatewaymanagement::operation::delete_connection::DeleteConnectionOutput;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::{PostToConnectionError, PostToConnectionOutput};
use aws_sdk_apigatewaymanagement::types::error::GoneException;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use nightjar_aws::stores::{IncidentStore, LiveStore};
use nightjar_domain::identity::Trust;
use nightjar_realtime::context::Context;
use nightjar_realtime::event::Event;
use nightjar_realtime::handler::handle;
use nightjar_realtime::keys::Keys;
use nightjar_realtime::post::Postman;
use nightjar_realtime::settings::Authorization;
use nightjar_testkit::{incident, now};
use serde_json::{Value, json};

/// What was posted, by connection.
type Posts = Arc<Mutex<Vec<(String, Value)>>>;

fn context(tables: &[Rule], connections: &[Rule], authorization: Authorization) -> Context {
    let dynamodb = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, tables);
    let management = mock_client!(aws_sdk_apigatewaymanagement, RuleMode::MatchAny, connections);
    let trust = Trust { issuer: "https://issuer/pool".to_owned(), clients: vec!["c1".to_owned()] };
    Context {
        incidents: IncidentStore::new(dynamodb.clone(), "aiops-incidents".to_owned()),
        live: LiveStore::new(dynamodb, "aiops-live".to_owned()),
        postman: Postman::new(management),
        authorization,
        // Nobody answers there: a token that is looked at is an error.
        keys: Keys::new(trust, Some("http://127.0.0.1:9")).unwrap(),
    }
}

/// Delivers to all but `gone`.
fn delivering(posts: &Posts, gone: &'static str) -> Vec<Rule> {
    let kept = Arc::clone(posts);
    let delivered = mock!(aws_sdk_apigatewaymanagement::Client::post_to_connection)
        .match_requests(move |request| {
            let id = request.connection_id().unwrap().to_owned();
            if id == gone {
                return false;
            }
            let frame = serde_json::from_slice(request.data().unwrap().as_ref()).unwrap();
            kept.lock().unwrap().push((id, frame));
            true
        })
        .then_output(|| PostToConnectionOutput::builder().build());
    let refused = mock!(aws_sdk_apigatewaymanagement::Client::post_to_connection)
        .match_requests(move |request| request.connection_id() == Some(gone))
        .then_error(|| PostToConnectionError::GoneException(GoneException::builder().build()));
    let closed = mock!(aws_sdk_apigatewaymanagement::Client::delete_connection)
        .then_output(|| DeleteConnectionOutput::builder().build());
    vec![delivered, refused, closed]
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn connection(id: &str, seconds_left: i64) -> std::collections::HashMap<String, AttributeValue> {
    let until = AttributeValue::N((now().as_second() + seconds_left).to_string());
    [("id", text(id)), ("who", text("ops")), ("until", until)].map(|(name, value)| (name.to_owned(), value)).into()
}

fn query(kind: &'static str, items: Vec<std::collections::HashMap<String, AttributeValue>>) -> Rule {
    mock!(aws_sdk_dynamodb::Client::query)
        .match_requests(move |request| request.expression_attribute_values().unwrap().get(":kind") == Some(&text(kind)))
        .then_output(move || QueryOutput::builder().set_items(Some(items.clone())).build())
}

fn written() -> (Rule, Rule) {
    (
        mock!(aws_sdk_dynamodb::Client::put_item).then_output(|| PutItemOutput::builder().build()),
        mock!(aws_sdk_dynamodb::Client::delete_item).then_output(|| DeleteItemOutput::builder().build()),
    )
}

/// A value as a stream writes it down.
fn image(value: &Value) -> Value {
    match value {
        Value::Null => json!({ "NULL": true }),
        Value::Bool(_) => json!({ "BOOL": value }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::String(_) => json!({ "S": value }),
        Value::Array(items) => json!({ "L": items.iter().map(image).collect::<Vec<_>>() }),
        Value::Object(_) => json!({ "M": fields(value) }),
    }
}

fn fields(value: &Value) -> Value {
    value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), image(value))).collect()
}

fn changes(images: &[(&str, Option<Value>)]) -> Event {
    let records: Vec<Value> = images
        .iter()
        .map(|(id, image)| {
            let name = if image.is_some() { "MODIFY" } else { "REMOVE" };
            json!({ "eventID": "e1", "eventName": name, "eventSource": "aws:dynamodb",
                "dynamodb": { "Keys": { "id": { "S": id } }, "NewImage": image, "SequenceNumber": "1" } })
        })
        .collect();
    serde_json::from_value(json!({ "Records": records })).unwrap()
}

fn socket(kind: &str, protocols: Option<&str>, body: Option<&str>) -> Event {
    let headers = protocols.map(|offers| json!({ "Sec-WebSocket-Protocol": offers }));
    let context = json!({ "eventType": kind, "connectionId": "c=1", "routeKey": "$x", "requestTimeEpoch": 1 });
    serde_json::from_value(json!({ "requestContext": context, "headers": headers, "body": body })).unwrap()
}

#[tokio::test]
async fn a_change_reaches_everyone_and_who_is_gone_is_forgotten() {
    let posts = Posts::default();
    let (put, delete) = written();
    let connections = query("connection", vec![connection("a", 60), connection("b", 60), connection("gone", 60)]);
    let context =
        context(&[put.clone(), delete.clone(), connections], &delivering(&posts, "gone"), Authorization::Nobody);
    let incident = incident();
    let mut stored = serde_json::to_value(&incident).unwrap();
    stored["month"] = "2026-11".into();
    stored["expires_at"] = 1_800_000_000.into();
    let event = changes(&[("inc_0", None), (incident.id.as_str(), Some(fields(&stored)))]);
    let told = handle(&context, event, now()).await.unwrap();
    assert_eq!(told, json!({ "events": 1, "delivered": 2, "gone": 1, "failed": 0 }));
    let posts = posts.lock().unwrap();
    let frame = &posts[0].1;
    assert_eq!((&frame["type"], &frame["events"][0]["id"]), (&json!("delta"), &json!(incident.id)));
    assert_eq!((&frame["events"][0]["title"], &frame["removed"]), (&json!(incident.title), &json!(["inc_0"])));
    assert_eq!((put.num_calls(), delete.num_calls()), (1, 1), "the delta is kept, and the dead connection is not");
}

#[tokio::test]
async fn a_connection_ends_with_its_token() {
    let posts = Posts::default();
    let (put, delete) = written();
    let tables = [put, delete.clone(), query("connection", vec![connection("late", -1)])];
    let context = context(&tables, &delivering(&posts, ""), Authorization::Nobody);
    let told = handle(&context, changes(&[("inc_0", None)]), now()).await.unwrap();
    assert_eq!((&told["delivered"], &told["gone"]), (&json!(0), &json!(1)));
    assert!(posts.lock().unwrap().is_empty() && delete.num_calls() == 1);
}

#[tokio::test]
async fn what_cannot_be_read_is_left_out_and_does_not_hold_up_the_rest() {
    let posts = Posts::default();
    let (put, delete) = written();
    let context = context(
        &[put, delete, query("connection", vec![connection("a", 60)])],
        &delivering(&posts, ""),
        Authorization::Nobody,
    );
    let event = changes(&[("inc_1", Some(json!({ "id": { "S": "inc_1" } }))), ("inc_2", None)]);
    assert_eq!(handle(&context, event, now()).await.unwrap()["events"], 0);
    assert_eq!(posts.lock().unwrap()[0].1["removed"], json!(["inc_2"]));
}

#[tokio::test]
async fn a_connection_needs_a_token_or_a_signature() {
    let refused = |status: u16| json!({ "statusCode": status });
    let by_token = context(&[], &[], Authorization::Jwt);
    for offers in [None, Some("nightjar"), Some("")] {
        let answer = handle(&by_token, socket("CONNECT", offers, None), now()).await;
        // An empty offer is looked at as a token, and nobody answers for the keys.
        assert!(answer.is_err() || answer.unwrap() == refused(401), "{offers:?}");
    }
    let signed = context(&[], &[], Authorization::Iam);
    assert_eq!(handle(&signed, socket("CONNECT", Some("nightjar"), None), now()).await.unwrap(), refused(401));
}

#[tokio::test]
async fn who_connects_and_hangs_up_is_known_and_forgotten() {
    let (put, delete) = written();
    let context = context(&[put.clone(), delete.clone()], &[], Authorization::Nobody);
    let accepted = handle(&context, socket("CONNECT", Some("nightjar, x"), None), now()).await.unwrap();
    let headers = json!({ "Sec-WebSocket-Protocol": "nightjar" });
    assert_eq!(accepted, json!({ "statusCode": 200, "headers": headers }));
    handle(&context, socket("DISCONNECT", None, None), now()).await.unwrap();
    assert_eq!((put.num_calls(), delete.num_calls()), (1, 1));
}

#[tokio::test]
async fn hello_is_answered_by_a_snapshot_and_later_by_what_was_missed() {
    let stored = serde_dynamo::to_item::<_, std::collections::HashMap<String, AttributeValue>>(incident()).unwrap();
    let open = mock!(aws_sdk_dynamodb::Client::query)
        .match_requests(|request| request.index_name() == Some("by_status"))
        .then_output(move || QueryOutput::builder().items(stored.clone()).build());
    let missed = json!({ "events": [], "removed": ["inc_9"] }).to_string();
    let delta = [("id".to_owned(), text("1795255200000-x")), ("content".to_owned(), text(&missed))].into();
    let posts = Posts::default();
    let context = context(&[open, query("delta", vec![delta])], &delivering(&posts, ""), Authorization::Nobody);
    let say = async |text: &str| {
        handle(&context, socket("MESSAGE", None, Some(text)), now()).await.unwrap();
        posts.lock().unwrap().pop().unwrap().1
    };
    let snapshot = say(r#"{"action":"hello","cursor":null}"#).await;
    assert_eq!((&snapshot["type"], &snapshot["complete"]), (&json!("snapshot"), &json!(true)));
    assert_eq!(snapshot["events"][0]["id"], json!(incident().id));
    let hello = json!({ "action": "hello", "cursor": snapshot["cursor"] }).to_string();
    let missed = say(&hello).await;
    assert_eq!((&missed["type"], &missed["removed"]), (&json!("delta"), &json!(["inc_9"])));
    assert_eq!(say(r#"{"action":"ping"}"#).await, json!({ "type": "pong", "at": now() }));
    assert_eq!(say("drop table").await["type"], "error");
}
