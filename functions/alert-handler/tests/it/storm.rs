//! A storm: ten thousand alerts in a minute become a handful of notifications, and none is lost.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use nightjar_alert_handler::handler::handle;
use nightjar_domain::routing::Routes;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::store::Simulated;
use crate::support::{Claims, Receivers, Tables, fixture, now, tick};

const RESOURCES: usize = 1000;
const ALERTS: usize = 10_000;
const REGIONS: usize = 4;

/// An SNS event with the incident number `number`, of one of the resources.
fn alert(template: &Value, number: usize, region: usize) -> Value {
    let resource = format!("i-{:017x}", number % RESOURCES);
    let mut event = template.clone();
    let message = &mut event["Records"][0]["Sns"]["Message"];
    let mut envelope: Value = serde_json::from_str(message.as_str().unwrap()).unwrap();
    let id = format!("inc_{number:020x}");
    envelope["id"] = json!(id);
    envelope["body"]["id"] = json!(id);
    let described = &mut envelope["body"]["anomaly"]["resource"];
    described["id"] = json!(resource);
    described["region"] = json!(format!("region-{region}"));
    described["arn"] = json!(format!("arn:aws:ec2:region-{region}:000000000000:instance/{resource}"));
    *message = json!(envelope.to_string());
    event
}

fn routes(channel: &Value) -> Routes {
    let document = json!({
        "route": { "receiver": "ops", "group_by": ["region"], "group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h" },
        "receivers": { "ops": { "channels": [channel] } },
    });
    Routes::parse(&document.to_string(), r#"{"products": {}}"#).unwrap()
}

async fn accepting(at: &str) -> Receivers {
    let receivers = Receivers::answering(200).await;
    Mock::given(method("POST")).and(path(at)).respond_with(ResponseTemplate::new(202)).mount(&receivers.server).await;
    receivers
}

#[tokio::test]
async fn ten_thousand_alerts_in_a_minute_are_one_notification_a_group() {
    let (tables, receivers) = (Tables::new(Claims::Free), accepting("/am").await);
    let groups = Simulated::default();
    let channel = json!({ "type": "webhook", "url": { "env": "WEBHOOK_URL" }, "secret": { "env": "WEBHOOK_SECRET" } });
    let context = receivers.context_with(&tables, groups.clone(), routes(&channel));
    let template = fixture("incident");
    for number in 0..ALERTS {
        let at = now() + SignedDuration::from_secs(i64::try_from(number * 60 / ALERTS).unwrap());
        let summary = handle(&context, alert(&template, number, number % REGIONS), at).await.unwrap();
        assert_eq!((summary.routed, summary.failed), (1, 0));
        if number % 1000 == 999 {
            handle(&context, tick(), at).await.unwrap();
        }
    }
    // Until nothing new is to be told, an interval after the storm.
    for minute in 1..=7 {
        handle(&context, tick(), now() + SignedDuration::from_mins(minute)).await.unwrap();
    }

    let posts = receivers.posts("/hook").await;
    assert!(posts.len() <= REGIONS * 2, "{} notifications of {ALERTS} alerts", posts.len());
    assert!(posts.len() >= REGIONS);
    assert_eq!(groups.told(), RESOURCES, "every resource's alert was told");
    let ids: BTreeSet<_> = posts.iter().map(|post| post.headers["webhook-id"].to_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), posts.len(), "none twice");
}

#[tokio::test]
async fn a_region_that_fails_is_one_page() {
    let (tables, receivers) = (Tables::new(Claims::Free), accepting("/pager").await);
    let groups = Simulated::default();
    let pager = json!({ "type": "pagerduty", "routing_key": { "env": "WEBHOOK_SECRET" }, "url": format!("{}/pager", receivers.server.uri()) });
    let context = receivers.context_with(&tables, groups.clone(), routes(&pager));
    let template = fixture("incident");
    for number in 0..500 {
        handle(
            &context,
            alert(&template, number, 0),
            now() + SignedDuration::from_secs(i64::try_from(number / 25).unwrap()),
        )
        .await
        .unwrap();
    }
    for minute in 1..=10 {
        handle(&context, tick(), now() + SignedDuration::from_mins(minute)).await.unwrap();
    }
    let triggers: Vec<Value> =
        receivers.posts("/pager").await.iter().map(|post| serde_json::from_slice(&post.body).unwrap()).collect();
    assert_eq!(triggers.len(), 1, "one page, not 500");
    assert_eq!(triggers[0]["event_action"], "trigger");
    assert!(triggers[0]["payload"]["summary"].as_str().unwrap().contains("500 alerts"), "{}", triggers[0]);
    assert_eq!(groups.told(), 500);
}
