//! CloudWatch's alarms, as SNS brings them.

use nightjar_domain::alarm::{AlarmChange, AlarmState};
use nightjar_domain::evidence::MetricMove;
use nightjar_testkit::{INSTANCE, at, resource};

fn message(state: &str, trigger: &str) -> String {
    format!(
        r#"{{"AlarmName": "checkout-cpu", "AlarmDescription": null, "AWSAccountId": "000000000000",
            "AlarmArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:checkout-cpu", "NewStateValue": "{state}",
            "NewStateReason": "Threshold Crossed: 1 out of the last 1 datapoints [97.5 (21/11/26 09:55:00)] was greater than the threshold (90.0).",
            "StateChangeTime": "2026-11-21T10:00:03.217+0000", "Region": "US East (N. Virginia)", "OldStateValue": "OK",
            "Trigger": {trigger}}}"#
    )
}

const PLAIN: &str = r#"{"MetricName": "CPUUtilization", "Namespace": "AWS/EC2", "StatisticType": "Statistic",
    "Statistic": "AVERAGE", "Unit": null, "Dimensions": [{"value": "i-0a1b2c3d4e5f60718", "name": "InstanceId"}],
    "Period": 300, "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 90.0}"#;

#[test]
fn a_plain_alarm_is_an_anomaly_of_its_resource_with_the_detectors_metric() {
    let change = AlarmChange::parse(&message("ALARM", PLAIN)).unwrap();
    assert_eq!((change.state, change.at), (AlarmState::Alarm, at("2026-11-21T10:00:03Z")));
    let inventory = [resource()];
    let anomaly = change.anomaly(change.resource(&inventory));
    assert_eq!(anomaly.resource, resource().reference);
    assert_eq!(anomaly.metric, nightjar_testkit::metric());
    assert_eq!((anomaly.observed, anomaly.expected.high), (97.5, 90.0));
    assert_eq!(anomaly.id, change.anomaly(None).id, "who it belongs to is no part of what it is");
    serde_json::to_string(&anomaly).unwrap();
    assert_eq!(anomaly.expected.text(), "at most 90");
    assert!(anomaly.expected.low.abs() < 1e38, "more than the 38 digits of a number of DynamoDB");
}

#[rstest::rstest]
#[case::above("GreaterThanThreshold", 1.0)]
#[case::below("LessThanThreshold", -1.0)]
fn what_crossed_a_threshold_has_moved_though_the_range_has_one_bound(#[case] comparison: &str, #[case] sign: f64) {
    let text = message("ALARM", &PLAIN.replace("GreaterThanThreshold", comparison));
    let mut anomaly = AlarmChange::parse(&text).unwrap().anomaly(None);
    assert_eq!(anomaly.expected.width(), None);
    anomaly.observed = 90.0 + 7.5 * sign;
    let moved = MetricMove::of(&anomaly).z * sign;
    assert!((3.0..100.0).contains(&moved), "{moved}");
}

#[rstest::rstest]
#[case::band(r#"{"Metrics": [{"Id": "m1", "MetricStat": {"Metric": {"Dimensions": [{"Name": "InstanceId", "Value": "i-0a1b2c3d4e5f60718"}],
    "MetricName": "CPUUtilization", "Namespace": "AWS/EC2"}, "Period": 300, "Stat": "Average"}, "ReturnData": true},
    {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)"}], "ComparisonOperator": "GreaterThanUpperThreshold"}"#, Some("CPUUtilization"))]
#[case::composite("null", None)]
#[case::of_two_metrics(
    r#"{"Metrics": [
    {"MetricStat": {"Metric": {"MetricName": "a", "Namespace": "x"}, "Stat": "Sum"}},
    {"MetricStat": {"Metric": {"MetricName": "b", "Namespace": "x"}, "Stat": "Sum"}}]}"#,
    None
)]
fn other_kinds_of_alarm_are_read(#[case] trigger: &str, #[case] metric: Option<&str>) {
    let change = AlarmChange::parse(&message("ALARM", trigger)).unwrap();
    assert_eq!(change.watched.as_ref().map(|watched| watched.metric.name.as_str()), metric);
    assert_eq!(change.resource(&[resource()]).is_some(), metric.is_some());
    assert!(!change.anomaly(None).resource.id.is_empty());
}

/// Two accounts may have an instance of one name, or a queue.
#[rstest::rstest]
#[case::another_account("222233334444", "us-east-1")]
#[case::another_region("000000000000", "eu-west-1")]
fn an_alarm_is_of_a_resource_of_its_own_account_and_region(#[case] account: &str, #[case] region: &str) {
    let change = AlarmChange::parse(&message("ALARM", PLAIN)).unwrap();
    let mut namesake = resource();
    account.clone_into(&mut namesake.reference.account);
    region.clone_into(&mut namesake.reference.region);
    assert_eq!(change.resource(&[namesake.clone()]), None);
    let inventory = [namesake, resource()];
    assert_eq!(change.resource(&inventory).map(|found| &found.reference), Some(&resource().reference));
}

#[test]
fn a_composite_alarm_belongs_to_the_resource_in_its_name() {
    let text = message("ALARM", "null").replace("\"checkout-cpu\"", &format!("\"all-of-{INSTANCE}\""));
    assert!(AlarmChange::parse(&text).unwrap().resource(&[resource()]).is_some());
}

#[test]
fn an_alarm_belongs_to_the_resource_that_it_was_made_for_whoever_else_has_the_name() {
    let named = |arn: &str, id: &str, dimensions: &[(&str, &str)]| {
        let mut one = resource();
        (one.reference.arn, one.reference.id) = (arn.to_owned(), id.to_owned());
        one.metrics.truncate(1);
        let metric = &mut one.metrics[0].metric;
        metric.namespace = "AWS/ECS".to_owned();
        metric.dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        one
    };
    let cluster = named("arn:aws:ecs:x:1:cluster/shop", "shop", &[("ClusterName", "shop")]);
    let service =
        named("arn:aws:ecs:x:1:service/shop/cart", "cart", &[("ClusterName", "shop"), ("ServiceName", "cart")]);
    let queue = named("arn:aws:sqs:x:1:cart", "cart", &[("QueueName", "cart")]);
    let inventory = [cluster, queue, service];
    let trigger = r#"{"MetricName": "MemoryUtilization", "Namespace": "AWS/ECS", "Statistic": "AVERAGE", "Period": 60,
        "Dimensions": [{"name": "ClusterName", "value": "shop"}, {"name": "ServiceName", "value": "cart"}]}"#;
    let foreign = message("ALARM", trigger);
    let arn = |text: &str| AlarmChange::parse(text).unwrap().resource(&inventory).unwrap().reference.arn.clone();
    assert_eq!(arn(&foreign), "arn:aws:ecs:x:1:service/shop/cart", "its own series say whose it is");
    let made =
        |of: &str| foreign.replace("\"AlarmDescription\": null", &format!("\"AlarmDescription\": \"x resource={of}\""));
    assert_eq!(arn(&made("arn:aws:sqs:x:1:cart")), "arn:aws:sqs:x:1:cart", "its description says whose it is");
    assert_eq!(arn(&made("arn:aws:sqs:x:1:gone")), "arn:aws:ecs:x:1:service/shop/cart", "what is gone is nobody");
}

#[rstest::rstest]
#[case::other_json("{}", false)]
#[case::envelope(r#"{"schema": "nightjar.anomaly/1"}"#, false)]
#[case::no_json("boo", false)]
#[case::alarm(r#"{"AlarmName": "x"}"#, true)]
fn claims_are_told_apart(#[case] text: &str, #[case] expected: bool) {
    assert_eq!(AlarmChange::is_one(text), expected);
}

#[test]
fn what_cannot_be_read_says_why() {
    let error = AlarmChange::parse(r#"{"AlarmName": "x"}"#).unwrap_err().to_string();
    assert!(error.contains("missing field `AlarmArn`"), "{error}");
    let error = AlarmChange::parse(&message("OK", PLAIN).replace("2026-11-21T10:00:03.217+0000", "now")).unwrap_err();
    assert!(error.to_string().contains("StateChangeTime \"now\""), "{error}");
}
