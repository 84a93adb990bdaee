//! One incident while trouble lasts, and its end, however often and in whatever order things are delivered.

use jiff::{SignedDuration, Timestamp};
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::envelope::Envelope;
use nightjar_domain::incident::{Incident, Status};
use nightjar_domain::incident_change::IncidentChange;
use nightjar_domain::recovery::Calm;
use nightjar_domain::severity::Severity;
use nightjar_log_analyzer_rca::handler::{Event, Summary, handle};
use nightjar_testkit::{anomaly, at, envelope_of, incident, metric, now, resource, sns_event};

use crate::memory::World;

const CRITICAL: &str = "critical-alerts";

fn later(minutes: i64) -> Anomaly {
    let first = anomaly();
    let shift = SignedDuration::from_mins(minutes);
    let window_end = first.window_end + shift;
    let id = Anomaly::identify(&first.metric, window_end);
    Anomaly { id, window_start: first.window_start + shift, window_end, score: 0.999, ..first }
}

fn message(anomaly: &Anomaly) -> Event {
    sns_event(&serde_json::to_string(&envelope_of(anomaly.clone())).unwrap()).into()
}

fn alarm(state: &str, at: &str) -> Event {
    let text = format!(
        r#"{{"AlarmName": "checkout-status", "AWSAccountId": "000000000000", "NewStateValue": "{state}", "NewStateReason": "x",
            "AlarmArn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:checkout-status", "StateChangeTime": "{at}",
            "Trigger": {{"MetricName": "StatusCheckFailed", "Namespace": "AWS/EC2", "Statistic": "MAXIMUM", "Period": 60,
            "Dimensions": [{{"name": "InstanceId", "value": "{}"}}], "ComparisonOperator": "GreaterThanThreshold", "Threshold": 0}}}}"#,
        resource().reference.id
    );
    sns_event(&text).into()
}

fn schedule() -> Event {
    serde_json::from_str(r#"{"version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}"#)
        .unwrap()
}

async fn deliver(world: &World, event: Event, now: Timestamp) -> anyhow::Result<Summary> {
    handle(&world.context(), event, || now).await
}

fn only(world: &World) -> Incident {
    let incidents = world.incidents();
    assert_eq!(incidents.len(), 1, "{:?}", incidents.iter().map(|incident| &incident.title).collect::<Vec<_>>());
    incidents.into_iter().next().unwrap()
}

#[tokio::test]
async fn what_goes_on_joins_the_incident_that_is_open() {
    let world = World::new();
    deliver(&world, message(&later(0)), now()).await.unwrap();
    let summary = deliver(&world, message(&later(10)), at("2026-11-21T10:11:00Z")).await.unwrap();
    assert_eq!(summary, Summary { incidents: 1, published: 0, ..Summary::default() });
    let incident = only(&world);
    assert_eq!((incident.timeline.len(), incident.sources[0].count, incident.version), (2, 2, 2));
    assert_eq!(
        (world.published(CRITICAL).len(), world.facts("incident.opened"), world.facts("incident.joined")),
        (1, 1, 1)
    );

    deliver(&world, message(&later(10)), at("2026-11-21T10:15:00Z")).await.unwrap();
    deliver(&world, message(&later(0)), at("2026-11-21T10:15:00Z")).await.unwrap();
    assert_eq!((only(&world), world.facts("incident.joined")), (incident, 1), "a redelivery changes nothing");
}

#[tokio::test]
async fn evidence_that_makes_an_incident_severe_has_people_told_once() {
    let world = World::new();
    let quiet = Anomaly { score: 0.96, severity: Severity::Low, ..later(0) };
    assert_eq!(deliver(&world, message(&quiet), now()).await.unwrap().published, 0);
    assert_eq!(deliver(&world, message(&later(5)), at("2026-11-21T10:06:00Z")).await.unwrap().published, 1);
    assert_eq!(deliver(&world, message(&later(5)), at("2026-11-21T10:07:00Z")).await.unwrap().published, 0);
    assert!(only(&world).escalation.is_escalated());
}

#[tokio::test]
async fn what_joins_later_and_is_worse_is_worth_another_look_and_no_more() {
    let world = World::new();
    deliver(&world, message(&later(0)), now()).await.unwrap();
    assert_eq!(only(&world).finding.likeliest(), None, "there were no lines yet");

    let oom = (4000..4020).map(|process| format!("kernel: Out of memory: Killed process {process} (java)"));
    world.lines_since(at("2026-11-21T09:40:00Z"), oom.collect());
    deliver(&world, message(&later(5)), at("2026-11-21T10:06:00Z")).await.unwrap();
    assert_eq!(only(&world).looked_at, None, "a few minutes later nothing is looked for again");

    let when = at("2026-11-21T10:21:00Z");
    deliver(&world, message(&later(20)), when).await.unwrap();
    let incident = only(&world);
    assert_eq!((incident.looked_at, incident.version), (Some(when), 3));
    let cause = incident.finding.likeliest().unwrap();
    assert_eq!(cause.kind, "memory_exhaustion");
    let remark = incident.timeline.iter().find(|entry| entry.why.starts_with("looked again: ")).unwrap();
    assert!(remark.why.contains("Memory exhaustion") && remark.by == "log-analyzer-rca", "{remark:?}");
    assert_eq!(incident.anomaly, later(0), "the incident is still about what opened it");

    // A redelivery, and one that brings nothing new.
    deliver(&world, message(&later(20)), at("2026-11-21T10:45:00Z")).await.unwrap();
    deliver(&world, message(&later(40)), at("2026-11-21T10:46:00Z")).await.unwrap();
    assert_eq!(only(&world).looked_at, Some(when));
    let worse = Anomaly { observed: 400.0, ..later(45) };
    deliver(&world, message(&worse), at("2026-11-21T10:51:00Z")).await.unwrap();
    assert_eq!(only(&world).looked_at, Some(at("2026-11-21T10:51:00Z")));
}

/// Delivers until it succeeds, as Lambda's retries do.
fn deliver_at_last(world: &World, anomaly: &Anomaly) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let arrived = runtime.block_on(async {
        for _ in 0..50 {
            if deliver(world, message(anomaly), now() + SignedDuration::from_mins(1)).await.is_ok() {
                return true;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        false
    });
    assert!(arrived);
}

#[test]
fn anomalies_at_the_same_moment_make_one_incident() {
    for round in 0..10 {
        let world = World::new();
        // Each of six anomalies twice over, all at once.
        std::thread::scope(|scope| {
            for n in 0..12 {
                let world = &world;
                scope.spawn(move || deliver_at_last(world, &later(n % 6 * 5)));
            }
        });
        let incident = only(&world);
        let mut evidence: Vec<_> = incident.timeline.iter().filter_map(|entry| entry.evidence.clone()).collect();
        evidence.sort();
        evidence.dedup();
        assert_eq!((evidence.len(), incident.timeline.len(), incident.sources[0].count), (5, 6, 6), "round {round}");
        assert_eq!((world.facts("incident.opened"), world.facts("incident.joined"), world.open_slots()), (1, 5, 1));
        assert_eq!(world.published(CRITICAL).len(), 1);
    }
}

fn calm(periods: u32, since: &str, until: &str) -> Calm {
    Calm { periods, since: at(since), until: at(until) }
}

#[tokio::test]
async fn lasting_calm_ends_the_incident_once() {
    let world = World::new();
    deliver(&world, message(&later(0)), now()).await.unwrap();
    let when = at("2026-11-21T10:17:00Z");
    assert_eq!(deliver(&world, schedule(), when).await.unwrap().resolved, 0, "no datapoint is no calm");
    world.calm(&metric(), calm(2, "2026-11-21T10:05:00Z", "2026-11-21T10:10:00Z"));
    assert_eq!(deliver(&world, schedule(), when).await.unwrap().resolved, 0);
    world.calm(&metric(), calm(3, "2026-11-21T10:05:00Z", "2026-11-21T10:15:00Z"));
    assert_eq!(deliver(&world, schedule(), when).await.unwrap().resolved, 1);
    let over = only(&world);
    assert_eq!((over.status, over.resolved_at()), (Status::Resolved, Some(when)));
    let end = over.timeline.last().unwrap();
    assert_eq!(end.by, "log-analyzer-rca");
    assert!(end.why.starts_with("CPUUtilization was as expected for 3 periods, since "), "{}", end.why);
    assert_eq!((world.open_slots(), world.facts("incident.changed")), (0, 1));
    let changes = world.published("incident-changes");
    let change = Envelope::<IncidentChange>::parse(&changes[0]).unwrap();
    assert_eq!((changes.len(), change.body.incident), (1, over));
    assert_eq!(deliver(&world, schedule(), when).await.unwrap(), Summary::default());
}

#[tokio::test]
async fn trouble_that_comes_back_is_a_new_incident_that_needs_longer_calm() {
    let world = World::new();
    deliver(&world, message(&later(0)), now()).await.unwrap();
    world.calm(&metric(), calm(3, "2026-11-21T10:05:00Z", "2026-11-21T10:15:00Z"));
    deliver(&world, schedule(), at("2026-11-21T10:17:00Z")).await.unwrap();

    deliver(&world, message(&later(25)), at("2026-11-21T10:26:00Z")).await.unwrap();
    let incidents = world.incidents();
    assert_eq!(
        incidents.iter().map(|incident| (incident.status, incident.flaps)).collect::<Vec<_>>(),
        [(Status::Resolved, 0), (Status::Open, 1)]
    );
    world.calm(&metric(), calm(3, "2026-11-21T10:30:00Z", "2026-11-21T10:40:00Z"));
    assert_eq!(deliver(&world, schedule(), at("2026-11-21T10:42:00Z")).await.unwrap().resolved, 0);
    world.calm(&metric(), calm(6, "2026-11-21T10:30:00Z", "2026-11-21T10:55:00Z"));
    assert_eq!(deliver(&world, schedule(), at("2026-11-21T10:57:00Z")).await.unwrap().resolved, 1);

    // Days later, what was delivered first comes out of the dead-letter queue.
    deliver(&world, message(&later(0)), at("2026-11-23T10:00:00Z")).await.unwrap();
    assert_eq!(world.incidents().len(), 2);
}

#[rstest::rstest]
#[case::a_run_that_died_after_it_saved("log-analyzer-rca", 1)]
#[case::a_remediation_that_helped("remediation-engine", 1)]
#[case::a_person_whose_api_told_it("oncall@example.com", 0)]
#[tokio::test]
async fn an_end_that_was_not_told_is_told_by_the_next_run(#[case] by: &str, #[case] told: usize) {
    let world = World::new();
    deliver(&world, message(&later(0)), now()).await.unwrap();
    let incident = only(&world);
    world.store(&incident.over("calm", by, at("2026-11-21T10:17:00Z")).unwrap());
    assert_eq!(deliver(&world, schedule(), at("2026-11-21T10:22:00Z")).await.unwrap().resolved, 0);
    assert_eq!((world.open_slots(), world.facts("incident.changed")), (0, told));
    assert_eq!(world.published("incident-changes").len(), told);
    deliver(&world, schedule(), at("2026-11-21T10:27:00Z")).await.unwrap();
    assert_eq!(world.published("incident-changes").len(), told);
}

#[tokio::test]
async fn an_alarm_joins_the_open_incident_of_its_resource_and_holds_it() {
    let world = World::new();
    deliver(&world, message(&later(0)), now()).await.unwrap();
    let summary =
        deliver(&world, alarm("ALARM", "2026-11-21T10:03:00.000+0000"), at("2026-11-21T10:03:05Z")).await.unwrap();
    assert_eq!((summary.incidents, summary.published), (1, 0));
    deliver(&world, alarm("ALARM", "2026-11-21T10:03:00.000+0000"), at("2026-11-21T10:04:05Z")).await.unwrap();
    let incident = only(&world);
    assert_eq!((incident.sources.len(), incident.timeline.len(), world.open_slots()), (2, 2, 2));

    world.calm(&metric(), calm(9, "2026-11-21T10:05:00Z", "2026-11-21T10:45:00Z"));
    assert_eq!(deliver(&world, schedule(), at("2026-11-21T10:50:00Z")).await.unwrap().resolved, 0);
    let ok = || alarm("OK", "2026-11-21T10:40:00.000+0000");
    assert_eq!(deliver(&world, ok(), at("2026-11-21T10:40:01Z")).await.unwrap().calmed, 1);
    assert_eq!(deliver(&world, ok(), at("2026-11-21T10:41:01Z")).await.unwrap().calmed, 1, "a redelivery");
    assert_eq!(deliver(&world, schedule(), at("2026-11-21T10:50:00Z")).await.unwrap().resolved, 1);
    assert_eq!((only(&world).timeline.len(), world.open_slots()), (4, 0));
}

#[tokio::test]
async fn an_alarm_alone_opens_an_incident_that_ends_with_its_ok() {
    let world = World::new();
    let summary =
        deliver(&world, alarm("ALARM", "2026-11-21T10:03:00.000+0000"), at("2026-11-21T10:03:05Z")).await.unwrap();
    assert_eq!((summary.incidents, summary.published), (1, 1));
    let incident = only(&world);
    assert_eq!(incident.anomaly.resource, resource().reference);
    assert!(incident.escalation.because().starts_with("threshold-alarm: "), "{:?}", incident.escalation);
    deliver(&world, alarm("INSUFFICIENT_DATA", "2026-11-21T10:05:00.000+0000"), at("2026-11-21T10:05:05Z"))
        .await
        .unwrap();
    assert_eq!(deliver(&world, schedule(), at("2026-11-21T10:30:00Z")).await.unwrap().resolved, 0);
    deliver(&world, alarm("OK", "2026-11-21T10:31:00.000+0000"), at("2026-11-21T10:31:05Z")).await.unwrap();
    assert_eq!(deliver(&world, schedule(), at("2026-11-21T10:32:00Z")).await.unwrap().resolved, 0, "it must last");
    assert_eq!(deliver(&world, schedule(), at("2026-11-21T10:35:00Z")).await.unwrap().resolved, 1);
    // An OK of an alarm that nobody heard of is nothing.
    assert_eq!(
        deliver(&World::new(), alarm("OK", "2026-11-21T10:31:00.000+0000"), now()).await.unwrap(),
        Summary::default()
    );
}

#[tokio::test]
async fn a_burst_in_the_logs_raises_an_anomaly_although_no_metric_moved() {
    let world = World::new();
    world.lines(
        (0..45).map(|n| format!("sshd[{n}]: Failed password for invalid user admin from 198.51.100.7")).collect(),
    );
    assert_eq!(deliver(&world, schedule(), now()).await.unwrap().raised, 1);
    assert_eq!(deliver(&world, schedule(), now()).await.unwrap().raised, 0, "the same five minutes are looked at once");
    let raised = world.published("anomalies");
    let anomaly = Envelope::<Anomaly>::parse(&raised[0]).unwrap().body;
    assert_eq!(
        (raised.len(), anomaly.metric.name.as_str(), anomaly.resource),
        (1, "failed-logins", resource().reference)
    );
    assert!(anomaly.reasons.iter().any(|reason| reason.ends_with("cost 0.010000 USD")), "{:?}", anomaly.reasons);
    assert_eq!(world.facts("anomaly.detected"), 1);

    // It joins what is open for its resource, and holds it while it goes on.
    world.store(&incident());
    deliver(&world, sns_event(&raised[0]).into(), now()).await.unwrap();
    assert_eq!(only(&world).sources.len(), 2);
}

#[tokio::test]
async fn a_run_that_died_after_publishing_raises_the_same_anomaly() {
    let world = World::new();
    world.lines((0..45).map(|n| format!("Failed password for user{n} from 198.51.100.7 port 22 ssh2")).collect());
    world.fail_publications(9);
    deliver(&world, schedule(), now()).await.unwrap_err();
    world.fail_publications(0);
    assert_eq!(deliver(&world, schedule(), now()).await.unwrap().raised, 1);
    assert_eq!(world.published("anomalies").len(), 1);
}
