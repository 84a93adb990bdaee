//! Secrets by reference: read where they are kept, seldom, and never shown.

use jiff::SignedDuration;
use nightjar_alert_handler::handler::{Summary, handle};
use nightjar_domain::routing::Routes;
use rstest::rstest;
use serde_json::{Value, json};
use wiremock::matchers::{body_partial_json, header, method, path};
use wiremock::{Mock, ResponseTemplate};

use crate::store::Simulated;
use crate::support::{Claims, Receivers, Tables, fixture, now};

const SSM: &str = "AmazonSSM.GetParameter";
const SECRETS_MANAGER: &str = "secretsmanager.GetSecretValue";

fn routes(url: &Value) -> Routes {
    let document = json!({
        "route": { "receiver": "ops", "group_by": ["incident", "kind"], "group_wait": "0s" },
        "receivers": { "ops": { "channels": [{ "type": "alertmanager", "url": url }] } },
    });
    Routes::parse(&document.to_string(), r#"{"products": {}}"#).unwrap()
}

/// AWS, answering one call with `answer`, and how often it was asked.
async fn keeping(receivers: &Receivers, target: &str, request: &Value, status: u16, answer: &Value) {
    Mock::given(method("POST"))
        .and(path("/"))
        .and(header("x-amz-target", target))
        .and(body_partial_json(request))
        .respond_with(ResponseTemplate::new(status).set_body_json(answer))
        .with_priority(1)
        .mount(&receivers.server)
        .await;
}

async fn asked(receivers: &Receivers, target: &str) -> usize {
    let all = receivers.server.received_requests().await.unwrap();
    all.iter().filter(|request| request.headers.get("x-amz-target").is_some_and(|value| value == target)).count()
}

#[rstest]
#[case::parameter(json!({ "ssm": "/aiops/hook" }), SSM, json!({ "Name": "/aiops/hook", "WithDecryption": true }))]
#[case::secret(json!({ "secretsmanager": "aiops/hook" }), SECRETS_MANAGER, json!({ "SecretId": "aiops/hook" }))]
#[case::member_of_a_secret(json!({ "secretsmanager": "aiops/alerts#hook" }), SECRETS_MANAGER, json!({ "SecretId": "aiops/alerts" }))]
#[case::parameter_by_variable(json!({ "env": "HOOK" }), SSM, json!({ "Name": "/aiops/alerts/hook" }))]
#[tokio::test]
async fn a_reference_is_followed_once_in_five_minutes(
    #[case] url: Value,
    #[case] target: &str,
    #[case] request: Value,
) {
    let receivers = Receivers::answering(200).await;
    let hook = format!("{}/hook/secret-path", receivers.server.uri());
    Mock::given(path("/hook/secret-path")).respond_with(ResponseTemplate::new(200)).mount(&receivers.server).await;
    let text = if url.to_string().contains('#') { json!({ "hook": hook }).to_string() } else { hook };
    let answer = json!({ "Parameter": { "Value": text }, "SecretString": text });
    keeping(&receivers, target, &request, 200, &answer).await;
    let groups = Simulated::default();
    let context = receivers.context_with_env(
        &Tables::new(Claims::Free),
        groups,
        routes(&url),
        ("HOOK", "ssm:/aiops/alerts/hook"),
    );

    for (event, minutes, sent) in [("incident", 0, 1), ("remediation", 4, 1), ("remediation", 6, 0)] {
        let at = now() + SignedDuration::from_mins(minutes);
        let summary = handle(&context, fixture(event), at).await.unwrap();
        assert_eq!(summary.failed, 0, "{summary:?}");
        assert!(summary.sent >= sent, "{event}: {summary:?}");
    }
    let posts = receivers.posts("/hook/secret-path").await.len();
    assert!(posts >= 2);
    assert!((1..=2).contains(&asked(&receivers, target).await), "it is not asked for each notification");
    let shown = format!("{:?}", context.channels);
    assert!(!shown.contains("secret-path"), "{shown}");
}

#[rstest]
#[case::forbidden(400, json!({ "__type": "AccessDeniedException", "message": "no" }), "secretsmanager:aiops/hook")]
#[case::binary(200, json!({ "SecretBinary": "AAAA" }), "holds no text")]
#[tokio::test]
async fn what_cannot_be_read_is_tried_again_and_told_by_its_place(
    #[case] status: u16,
    #[case] answer: Value,
    #[case] expected: &str,
) {
    let receivers = Receivers::answering(200).await;
    keeping(&receivers, SECRETS_MANAGER, &json!({}), status, &answer).await;
    let groups = Simulated::default();
    let url = json!({ "secretsmanager": "aiops/hook" });
    let context = receivers.context_with(&Tables::new(Claims::Free), groups.clone(), routes(&url));
    let summary = handle(&context, fixture("incident"), now()).await.unwrap();
    assert_eq!(summary, Summary { routed: 1, failed: 1, ..Summary::default() });
    assert!(groups.next_due().is_some_and(|at| at > now()));
    let trial = handle(&context, json!({ "test": { "receiver": "ops" } }), now()).await.unwrap().trials.remove(0);
    let problem = trial.problem.unwrap();
    assert!(problem.contains(expected) && problem.contains("aiops/hook"), "{problem}");
}

#[tokio::test]
async fn a_key_that_was_changed_is_read_again_at_the_next_attempt() {
    let receivers = Receivers::answering(200).await;
    Mock::given(path("/old")).respond_with(ResponseTemplate::new(403)).mount(&receivers.server).await;
    Mock::given(path("/new")).respond_with(ResponseTemplate::new(200)).mount(&receivers.server).await;
    let uri = receivers.server.uri();
    let value = |path: &str| {
        ResponseTemplate::new(200).set_body_json(json!({ "Parameter": { "Value": format!("{uri}/{path}") } }))
    };
    let of_ssm = || Mock::given(path("/")).and(header("x-amz-target", SSM));
    of_ssm().respond_with(value("old")).up_to_n_times(1).with_priority(1).mount(&receivers.server).await;
    of_ssm().respond_with(value("new")).with_priority(2).mount(&receivers.server).await;
    let groups = Simulated::default();
    let context =
        receivers.context_with(&Tables::new(Claims::Free), groups.clone(), routes(&json!({ "ssm": "/aiops/hook" })));
    assert_eq!(handle(&context, fixture("incident"), now()).await.unwrap().failed, 1);
    let at = groups.next_due().unwrap();
    assert_eq!(handle(&context, crate::support::tick(), at).await.unwrap().sent, 1);
    assert_eq!(receivers.posts("/new").await.len(), 1);
}
