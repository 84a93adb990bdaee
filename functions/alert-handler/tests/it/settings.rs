//! Settings: everything that is wrong is told at once, and no secret is shown.

use crate::support::{SECRET, environment};
use nightjar_alert_handler::settings::{Endpoint, Settings};
use rstest::rstest;

fn problems(pairs: &'static [(&str, &str)]) -> String {
    Settings::read(environment(pairs)).unwrap_err().to_string()
}

#[test]
fn all_problems_are_told_at_once() {
    insta::assert_snapshot!(
        problems(&[
            ("SLACK_WEBHOOK_URL", "http://hooks.slack.com/services/T0/B0/token"),
            ("WEBHOOK_URL", "example.com/hook"),
            ("WEBHOOK_SECRET", "hunter2"),
        ]),
        @"the function's environment variables are not usable: NOTIFICATIONS_TABLE is not set; AUDIT_TABLE is not set; SLACK_WEBHOOK_URL must begin with https:// (http:// serves for 127.0.0.1 and localhost alone); WEBHOOK_URL is not a URL; WEBHOOK_SECRET must be whsec_ followed by at least 24 bytes in base64. They are set by Terraform (infrastructure/)"
    );
}

#[rstest]
#[case::no_secret(&[("NOTIFICATIONS_TABLE", "n"), ("AUDIT_TABLE", "a"), ("WEBHOOK_URL", "https://example.com/hook")], "WEBHOOK_SECRET is not set, but WEBHOOK_URL is")]
#[case::no_url(&[("NOTIFICATIONS_TABLE", "n"), ("AUDIT_TABLE", "a"), ("WEBHOOK_SECRET", SECRET)], "WEBHOOK_URL is not set, but WEBHOOK_SECRET is")]
fn a_webhook_has_both_its_parts(#[case] pairs: &'static [(&str, &str)], #[case] expected: &str) {
    assert!(problems(pairs).contains(expected), "{}", problems(pairs));
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
    const ALL: &[(&str, &str)] = &[
        ("NOTIFICATIONS_TABLE", "aiops-notifications"),
        ("AUDIT_TABLE", "aiops-audit"),
        ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/token"),
        ("WEBHOOK_URL", "https://user:password@example.com/hook?key=secret"),
        ("WEBHOOK_SECRET", SECRET),
    ];
    let settings = Settings::read(environment(ALL)).unwrap();
    insta::assert_debug_snapshot!(settings, @r#"
    Settings {
        notifications_table: "aiops-notifications",
        audit_table: "aiops-audit",
        slack: Some(
            https://hooks.slack.com/…,
        ),
        webhook: Some(
            WebhookSettings {
                endpoint: https://example.com/…,
                signer: Signer(…),
            },
        ),
        publish_lease: 30s,
    }
    "#);
}
