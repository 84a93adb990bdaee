//! The windows of logs that are compared, and what bounds reading them: time, bytes and lines.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_cloudwatchlogs::operation::filter_log_events::{FilterLogEventsInput, FilterLogEventsOutput};
use aws_sdk_cloudwatchlogs::operation::get_query_results::{GetQueryResultsInput, GetQueryResultsOutput};
use aws_sdk_cloudwatchlogs::operation::start_query::{StartQueryInput, StartQueryOutput};
use aws_sdk_cloudwatchlogs::operation::stop_query::StopQueryOutput;
use aws_sdk_cloudwatchlogs::types::{FilteredLogEvent, QueryStatistics, QueryStatus, ResultField};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use jiff::Timestamp;
use nightjar_domain::diagnosis::{Finding, PatternChange};
use nightjar_domain::evidence::Gap;
use nightjar_log_analyzer_rca::handler::handle;
use nightjar_testkit::{anomaly, at, envelope_of, now, sns_event};

use crate::memory::World;

/// Where the three windows of the anomaly begin.
const INCIDENT: &str = "2026-11-21T09:40:00Z";
const BEFORE: &str = "2026-11-21T08:40:00Z";
const DAY_BEFORE: &str = "2026-11-20T09:40:00Z";

/// One query, as it was asked.
#[derive(Debug, Clone)]
struct Asked {
    from: Timestamp,
    query: String,
}

/// What a query comes to.
struct Answer {
    status: QueryStatus,
    lines: Vec<String>,
    bytes: f64,
}

fn complete(lines: Vec<String>) -> Answer {
    Answer { status: QueryStatus::Complete, lines, bytes: 1e6 }
}

fn insights(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> (Rule, Rule) {
    let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
    let known = Arc::clone(&asked);
    let start =
        mock!(aws_sdk_cloudwatchlogs::Client::start_query).then_compute_output(move |request: &StartQueryInput| {
            let from = Timestamp::from_second(request.start_time().unwrap()).unwrap();
            let mut asked = known.lock().unwrap();
            asked.push(Asked { from, query: request.query_string().unwrap().to_owned() });
            StartQueryOutput::builder().query_id((asked.len() - 1).to_string()).build()
        });
    let results = mock!(aws_sdk_cloudwatchlogs::Client::get_query_results).then_compute_output(
        move |request: &GetQueryResultsInput| {
            let index: usize = request.query_id().unwrap().parse().unwrap();
            let asked = asked.lock().unwrap()[index].clone();
            let Answer { status, lines, bytes } = answer(&asked);
            let when = asked.from.strftime("%Y-%m-%d %H:%M:%S.000").to_string();
            let field = |name: &str, value: &str| ResultField::builder().field(name).value(value).build();
            let rows = lines.iter().map(|line| vec![field("@timestamp", &when), field("@message", line)]);
            GetQueryResultsOutput::builder()
                .status(status)
                .set_results(Some(rows.collect()))
                .statistics(QueryStatistics::builder().bytes_scanned(bytes).build())
                .build()
        },
    );
    (start, results)
}

async fn finding(rules: &[&Rule], deadline: Option<Duration>) -> Finding {
    let world = World::new();
    let mut context = world.context();
    context.logs = mock_client!(aws_sdk_cloudwatchlogs, RuleMode::MatchAny, rules);
    context.settings.gather_deadline = deadline.unwrap_or(context.settings.gather_deadline);
    let message = serde_json::to_string(&envelope_of(anomaly())).unwrap();
    handle(&context, sns_event(&message).into(), now).await.unwrap();
    world.incidents().remove(0).finding
}

fn of_logs(finding: &Finding) -> Vec<&Gap> {
    finding.gaps.iter().filter(|gap| gap.source.starts_with("logs of ")).collect()
}

fn broken() -> Vec<String> {
    (0..20).map(|n| format!("ERROR nightly index {n} is broken: cannot merge segments")).collect()
}

fn calm() -> Vec<String> {
    (0..20).map(|n| format!("INFO request {n} done")).collect()
}

#[rstest::rstest]
#[case::every_day(true, PatternChange::Surged)]
#[case::never_before(false, PatternChange::New)]
/// Both windows before are one baseline: what came in one of them is known, and is rarer there than now.
#[tokio::test]
async fn what_happens_every_day_at_this_time_is_not_new(#[case] every_day: bool, #[case] expected: PatternChange) {
    let (start, results) = insights(move |asked| {
        let is = |window: &str| asked.from == at(window);
        assert!(is(INCIDENT) || is(BEFORE) || is(DAY_BEFORE), "{asked:?}");
        complete(if is(INCIDENT) || (is(DAY_BEFORE) && every_day) { broken() } else { calm() })
    });
    let finding = finding(&[&start, &results], None).await;
    let pattern = finding.patterns.iter().find(|pattern| pattern.sample.contains("nightly index")).unwrap();
    assert_eq!((pattern.change, pattern.count), (expected, 20));
    assert_eq!(pattern.baseline_count, Some(if every_day { 20 } else { 0 }));
}

#[tokio::test]
async fn a_search_that_scans_too_much_is_stopped_and_told_with_what_it_cost() {
    let (start, results) =
        insights(|_| Answer { status: QueryStatus::Running, lines: broken(), bytes: 3_000_000_000.0 });
    let stop = mock!(aws_sdk_cloudwatchlogs::Client::stop_query)
        .then_output(|| StopQueryOutput::builder().success(true).build());
    let finding = finding(&[&start, &results, &stop], None).await;
    assert_eq!(stop.num_calls(), 3);
    let gaps = of_logs(&finding);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(gaps[0].reason.starts_with("the search was stopped after 3000 MB: LOG_SCAN_LIMIT_MB"), "{gaps:?}");
    // Three windows of 3 GB at half a cent a GB, and the metrics.
    assert!((0.045..0.046).contains(&finding.cost_usd), "{}", finding.cost_usd);
    assert!(!finding.patterns.is_empty(), "what was found until then counts");
}

#[tokio::test]
async fn a_query_that_does_not_end_is_a_gap_and_the_incident_comes_all_the_same() {
    let (start, results) = insights(|_| Answer { status: QueryStatus::Running, lines: Vec::new(), bytes: 0.0 });
    let finding = finding(&[&start, &results], Some(Duration::from_millis(300))).await;
    assert!(of_logs(&finding).iter().all(|gap| gap.reason == "no result within 0.3 s"), "{:?}", finding.gaps);
    assert_eq!(finding.likeliest(), None);
}

#[tokio::test]
async fn where_a_query_times_out_the_events_themselves_are_read() {
    let (start, results) = insights(|_| Answer { status: QueryStatus::Timeout, lines: Vec::new(), bytes: 0.0 });
    let filter = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events).then_compute_output(
        |request: &FilterLogEventsInput| {
            let from = request.start_time().unwrap();
            let lines = if from == at(INCIDENT).as_millisecond() { broken() } else { calm() };
            let events =
                lines.into_iter().map(|line| FilteredLogEvent::builder().timestamp(from).message(line).build());
            FilterLogEventsOutput::builder().set_events(Some(events.collect())).build()
        },
    );
    let finding = finding(&[&start, &results, &filter], None).await;
    assert_eq!((filter.num_calls(), of_logs(&finding).len()), (3, 0));
    assert_eq!(finding.patterns[0].change, PatternChange::New);
}

/// As many lines as the query may bring: the newest of them and, filtered on the server, those that may be trouble.
#[tokio::test]
async fn a_hundred_thousand_events_are_sampled_and_trouble_is_read_from_all_of_them() {
    let (start, results) = insights(|asked| {
        let limit: usize = asked.query.rsplit_once("limit ").unwrap().1.parse().unwrap();
        let ordinary = |n: usize| format!("INFO request {n} done in {} ms", n % 90);
        let is_filtered = asked.query.contains("filter @message like");
        complete(match (is_filtered, asked.from == at(INCIDENT)) {
            (true, true) => {
                (0..200).map(|n| format!("ERROR disk of shard {n} is full: No space left on device")).collect()
            }
            (true, false) => (0..30).map(|n| format!("ERROR mail {n} bounced")).collect(),
            (false, _) => (0..limit).map(ordinary).collect(),
        })
    });
    let finding = finding(&[&start, &results], None).await;
    let cause = finding.likeliest().unwrap();
    assert_eq!((cause.kind.as_str(), cause.events), ("disk_full", 200));
    let gaps = of_logs(&finding);
    assert!(gaps.iter().all(|gap| gap.reason.contains("more than 6000 lines were written")), "{gaps:?}");
    assert_eq!(gaps.len(), 3);
}

#[tokio::test]
async fn pages_without_end_are_read_up_to_a_bound() {
    let (start, results) = insights(|_| Answer { status: QueryStatus::Failed, lines: Vec::new(), bytes: 0.0 });
    let filter = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events).then_compute_output(
        |request: &FilterLogEventsInput| {
            let from = request.start_time().unwrap();
            let event = |n: i64| FilteredLogEvent::builder().timestamp(from + n).message(format!("INFO {n}")).build();
            FilterLogEventsOutput::builder()
                .set_events(Some((0..2000).map(event).collect()))
                .next_token(format!("{}+", request.next_token().unwrap_or_default()))
                .build()
        },
    );
    let finding = finding(&[&start, &results, &filter], None).await;
    assert_eq!(filter.num_calls(), 9, "three pages of 2,000 for each window");
    assert!(of_logs(&finding).iter().all(|gap| gap.reason.starts_with("only the first 6000 events")));
}
