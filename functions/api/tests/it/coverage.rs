//! What is covered, and from where on it is an alarm.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use axum::http::StatusCode;
use nightjar_testkit::resource_ref;
use serde_json::{Value, json};

use crate::support::{api, api_without_table, get, send};

fn covered(arn: &str, score: u8) -> Value {
    let mut document = serde_json::to_value(resource_ref()).unwrap();
    document["arn"] = arn.into();
    let rest = json!({
        "score": score, "checks": 4, "passed": 2, "alarms_wanted": 3, "alarms_in_force": 1, "anomaly_series": 3, "usd_a_month": 0.1,
        "gaps": [{ "kind": "no_owner", "what": "no tag Owner says who answers for it", "fix": "aws …" }],
    });
    document.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    document
}

fn table() -> Client {
    let scan = mock!(Client::scan).match_requests(|request| request.table_name() == Some("aiops-coverage")).then_output(|| {
        let whole = json!({
            "at": "2026-11-21T10:00:00Z", "mode": "plan", "score": 60, "resources": 2, "by_type": {}, "gaps": { "no_owner": 2 },
            "alarms_wanted": 6, "alarms_in_force": 2, "unread": [], "usd_a_month": { "now": 0.2, "after": 0.6 },
            "quota": { "limit": 5000, "now": 2, "after": 6 },
        });
        let items = [("whole", whole), ("arn:b", covered("arn:b", 40)), ("arn:a", covered("arn:a", 80))];
        let items = items.map(|(arn, document)| {
            [("arn".to_owned(), AttributeValue::S(arn.into())), ("document".to_owned(), AttributeValue::S(document.to_string()))].into()
        });
        ScanOutput::builder().set_items(Some(items.into())).build()
    });
    mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&scan])
}

#[tokio::test]
async fn the_worst_covered_come_first() {
    let answer = send(api(table()), &get("/coverage")).await;
    assert_eq!(answer.status, StatusCode::OK);
    let scores: Vec<&Value> = answer.body["resources"].as_array().unwrap().iter().map(|r| &r["score"]).collect();
    assert_eq!(scores, [40, 80]);
    assert_eq!((&answer.body["whole"]["score"], &answer.body["matching"]), (&60.into(), &2.into()));
    assert_eq!(answer.body["resources"][0]["gaps"][0]["kind"], "no_owner");
}

#[tokio::test]
async fn filters_leave_what_they_say() {
    let answer = send(api(table()), &get("/coverage?below=50&type=ec2:instance&limit=1")).await;
    assert_eq!((&answer.body["matching"], &answer.body["resources"][0]["arn"]), (&1.into(), &"arn:b".into()));
    let none = send(api(table()), &get("/coverage?type=rds:db")).await;
    assert_eq!(none.body["matching"], 0);
}

#[tokio::test]
async fn parameters_that_cannot_be_used_are_named() {
    let answer = send(api_without_table(), &get("/coverage?limit=0&below=101&type=ec2&sort=up")).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let named: Vec<&str> =
        answer.body["errors"].as_array().unwrap().iter().map(|error| error["parameter"].as_str().unwrap()).collect();
    assert_eq!(named, ["sort", "limit", "below", "type"]);
}
