//! Settings and channels: everything that is wrong is told at once, and no secret is shown.

use crate::store::Simulated;
use crate::support::{Claims, SECRET, TABLES, Tables};
use nightjar_alert_handler::aws_call::AwsCaller;
use nightjar_alert_handler::context::Context;
use nightjar_alert_handler::settings::{Endpoint, Settings};
use nightjar_aws::settings::Environment;
use rstest::rstest;

fn settings(pairs: &'static [(&str, &str)]) -> anyhow::Result<Settings> {
    let all = move |name: &str| {
        TABLES.iter().chain(pairs).find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    };
    Settings::read(Environment::from_lookup(all))
}

/// What is wrong with the channels of the routes that ship.
fn opened(pairs: &'static [(&str, &str)]) -> anyhow::Result<Context<Simulated>> {
    let env = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let client = Tables::new(Claims::Free).client;
    Context::new(settings(&[])?, client, Simulated::default(), AwsCaller::default(), env)
}

#[test]
fn every_missing_table_is_named() {
    let error = Settings::read(Environment::from_lookup(|_| None)).unwrap_err();
    insta::assert_snapshot!(error, @"the function's environment variables are not usable: NOTIFICATIONS_TABLE is not set; ALERT_GROUPS_TABLE is not set; SILENCES_TABLE is not set; AUDIT_TABLE is not set. They are set by Terraform (infrastructure/)");
}

#[test]
fn all_problems_of_channels_are_told_at_once() {
    let error = opened(&[
        ("SLACK_WEBHOOK_URL", "http://hooks.slack.com/services/T0/B0/token"),
        ("WEBHOOK_URL", "https://example.com/hook"),
        ("WEBHOOK_SECRET", "hunter2"),
    ])
    .unwrap_err();
    insta::assert_snapshot!(format!("{error:#}"), @"the channels cannot be set up: default/slack: url: must begin with https:// (http:// serves for 127.0.0.1 and localhost alone); default/webhook: secret: must be whsec_ followed by at least 24 bytes in base64");
}

#[test]
fn a_webhook_has_both_its_parts() {
    let error = format!("{:#}", opened(&[("WEBHOOK_URL", "https://example.com/hook")]).unwrap_err());
    assert!(error.contains("default/webhook: WEBHOOK_SECRET is not set"), "{error}");
}

#[test]
fn what_is_not_set_up_is_left_out() {
    let context =
        opened(&[("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/token"), ("WEBHOOK_URL", "")]).unwrap();
    assert_eq!(context.channels.of("default").collect::<Vec<_>>(), ["slack"]);
}

#[rstest]
#[case::https("https://hooks.slack.com/services/T0/B0/token", true)]
#[case::loopback("http://127.0.0.1:9000/hook", true)]
#[case::loopback_v6("http://[::1]:9000/hook", true)]
#[case::localhost("http://localhost:9000/hook", true)]
#[case::plain("http://example.com/hook", false)]
#[case::disguised("http://localhost.example.com/hook", false)]
#[case::other_scheme("ftp://localhost/hook", false)]
#[case::no_url("hook", false)]
fn endpoints_are_encrypted_unless_they_are_local(#[case] url: &str, #[case] accepted: bool) {
    assert_eq!(url.parse::<Endpoint>().is_ok(), accepted);
}

#[test]
fn secrets_are_not_shown() {
    let context = opened(&[
        ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/token"),
        ("WEBHOOK_URL", "https://user:password@example.com/hook?key=secret"),
        ("WEBHOOK_SECRET", SECRET),
    ])
    .unwrap();
    let shown = format!("{:?}", context.channels);
    for secret in ["B0", "password", "key=secret", SECRET] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
