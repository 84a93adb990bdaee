//! Roles are assumed once, renewed in time, and refusals are told as such.

use std::time::{Duration, SystemTime};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::operation::assume_role::{AssumeRoleError, AssumeRoleOutput};
use aws_sdk_sts::primitives::DateTime;
use aws_sdk_sts::types::Credentials;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use nightjar_aws::scopes::{AssumedRole, ScopeError, Scopes};
use nightjar_domain::accounts::{Scope, WatchedAccounts};
use rstest::rstest;

const ROLE: &str = "arn:aws:iam::222233334444:role/nightjar";

fn lasting(time: Duration) -> Rule {
    mock!(aws_sdk_sts::Client::assume_role)
        .match_requests(|request| request.role_arn() == Some(ROLE) && request.external_id() == Some("word"))
        .then_output(move || {
            let end = DateTime::from(SystemTime::now() + time);
            let given = Credentials::builder().access_key_id("ASIA").secret_access_key("s").session_token("t");
            AssumeRoleOutput::builder().credentials(given.expiration(end).build().unwrap()).build()
        })
}

fn role(rule: &Rule) -> AssumedRole {
    AssumedRole::with_client(mock_client!(aws_sdk_sts, RuleMode::MatchAny, [rule]), ROLE, Some("word"), "aiops-test")
}

#[rstest]
#[case::an_hour(3600, 1)]
#[case::ends_soon(200, 3)]
#[tokio::test]
async fn a_role_is_assumed_again_only_when_its_credentials_end(#[case] seconds: u64, #[case] calls: usize) {
    let rule = lasting(Duration::from_secs(seconds));
    let role = role(&rule);
    for _ in 0..3 {
        assert_eq!(role.current().await.unwrap().access_key_id(), "ASIA");
    }
    assert_eq!(rule.num_calls(), calls);
}

#[rstest]
#[case::denied("AccessDenied", false)]
#[case::throttled("Throttling", true)]
#[case::unknown("Whatever", true)]
#[tokio::test]
async fn a_refusal_is_told_from_a_failure(#[case] code: &'static str, #[case] may_pass: bool) {
    let rule = mock!(aws_sdk_sts::Client::assume_role)
        .then_error(move || AssumeRoleError::generic(ErrorMetadata::builder().code(code).message("no").build()));
    let error = role(&rule).current().await.unwrap_err();
    assert_eq!(error.may_pass(), may_pass, "{error}");
    assert!(error.to_string().contains(ROLE), "{error}");
}

fn scopes() -> Scopes {
    let base = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).region(Region::new("eu-west-1"));
    let home = Scope { account: "111122223333".to_owned(), region: "eu-west-1".to_owned() };
    let mut scopes = Scopes::new(base.build(), home, "aiops-test");
    let accounts = r#"{ "accounts": [{ "account": "self", "regions": ["us-east-1"] }] }"#;
    scopes.watch(WatchedAccounts::parse(accounts).unwrap());
    scopes
}

#[tokio::test]
async fn another_region_of_the_own_account_needs_no_role() {
    let scopes = scopes();
    let opened: Vec<String> = scopes.all().into_iter().map(|watched| watched.scope.to_string()).collect();
    assert_eq!(opened, ["111122223333/eu-west-1", "111122223333/us-east-1"]);
    let config = scopes.open(&scopes.all()[1].scope).await.unwrap();
    assert_eq!(config.region().map(Region::as_ref), Some("us-east-1"));
    let home = scopes.open(scopes.home()).await.unwrap();
    assert_eq!(home.region().map(Region::as_ref), Some("eu-west-1"));
}

#[tokio::test]
async fn what_is_not_watched_is_not_opened() {
    let other = Scope { account: "999999999999".to_owned(), region: "eu-west-1".to_owned() };
    let error = scopes().open(&other).await.unwrap_err();
    assert!(matches!(&error, ScopeError::Unwatched(scope) if *scope == other), "{error}");
}
