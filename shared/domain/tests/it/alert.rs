//! How a notice reads, and that it fits each channel whatever it is about.

use nightjar_domain::alert::{Notice, email, slack_message};
use nightjar_domain::diagnosis::Finding;
use nightjar_domain::evidence::Gap;
use nightjar_domain::incident::Incident;
use nightjar_domain::remediation::{RemediationOutcome, RemediationResult};
use nightjar_domain::severity::Severity;
use nightjar_testkit::{envelope_of, finding_without_errors, incident, now, security_incident};
use proptest::prelude::*;
use serde_json::Value;

fn notice() -> Notice {
    Notice::from(&envelope_of(incident()))
}

fn outcome() -> RemediationOutcome {
    let incident = incident();
    RemediationOutcome {
        incident: incident.id,
        incident_title: incident.title,
        resource: incident.anomaly.resource,
        severity: Severity::High,
        result: RemediationResult::Done { text: "The reboot was requested; EC2 accepted it.".to_owned() },
        step: 0,
        tried: Vec::new(),
    }
}

#[test]
fn an_incident_reads_well_as_an_email() {
    let email = email(&notice());
    insta::assert_snapshot!(email.subject, @"[CRITICAL] CPUUtilization of checkout (i-0a1b2c3d4e5f60718) is abnormal");
    insta::assert_snapshot!(email.body, @r#"
    CPUUtilization of checkout (i-0a1b2c3d4e5f60718) is abnormal

    Memory exhaustion is the likeliest cause (88 % confidence): 12 × "Out of memory: Killed process <n> (java)", never before.

    Resource    checkout (i-0a1b2c3d4e5f60718)
    Region      us-east-1 (account 000000000000)
    Metric      AWS/EC2 CPUUtilization (Average, 300 s)
    Score       0.985
    Why         97.2 where 24.5 is typical at this time of day
    Incident    inc_b00993e5fc301764d378

    Findings
      - Metric:
          CPUUtilization is 97.2 where 18 to 31 is expected (usually 24.5), 2026-11-21T09:55:00Z to 2026-11-21T10:00:00Z
          ▁▁▁▁▁▁▁▁▁▁▁▁·▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▄█ 22.5 to 97.2, from 2026-11-21T04:00:00Z to 2026-11-21T10:00:00Z
          mem_used_percent went from 48.2 to 97.4 at 2026-11-21T09:40:00Z, before the anomaly
      - Likeliest causes:
          1. Memory exhaustion (88 %)
             + 12 × "Out of memory: Killed process <n> (java)", never before
      - Next step: Restart the process that grew, then give it a limit or more memory. Runbook: docs/runbooks.md#memory-exhaustion
      - New in the logs:
          12 × [critical] Out of memory: Killed process <n> (java) (never before; /aws/ec2/checkout)
             e.g. Out of memory: Killed process 4242 (java)
      - Changes before: 2026-11-21T09:48:00Z RevokeSecurityGroupEgress by maria from 198.51.100.20 (touches its security group)
      - Reach: This resource alone; 3 others are as usual
      - Look again:
          Logs Insights on /aws/ec2/checkout, 2026-11-21T09:40:00Z to 2026-11-21T10:15:00Z:
             fields @timestamp, @message, @logStream, @log | filter @message like /(?i)(out of memory)/ | sort @timestamp desc | limit 1000
      - Cost: 0.000005 USD of searches

    Sent by Nightjar at 2026-11-21T10:01:00Z.
    "#);
}

#[test]
fn a_security_incident_tells_who_did_what_and_what_to_do_first() {
    let email = email(&Notice::from(&envelope_of(security_incident())));
    assert_eq!(email.subject, "[HIGH] The trail was stopped, and 1 more finding: user/eve");
    for part in [
        "Principal   arn:aws:iam::111122223333:user/eve",
        "2026-11-21T09:58:00Z [high] The trail was stopped: StopLogging on target-1",
        "A key for another user: CreateAccessKey on target-2, 2 times",
        "Next step: Start the trail again, and disable the key.",
        "Tactics: defense-evasion > persistence",
        "From: 203.0.113.9",
    ] {
        assert!(email.body.contains(part), "{part} is not in:\n{}", email.body);
    }
    assert!(!email.body.contains("Metric") && !email.body.contains("Score"), "{}", email.body);
}

#[test]
fn a_finding_of_nothing_still_tells_its_gaps() {
    let gap = Gap { source: "/aws/ec2/checkout".to_owned(), reason: "access denied".to_owned() };
    let finding = Finding { gaps: vec![gap], ..finding_without_errors() };
    let body = email(&Notice::from(&envelope_of(Incident { finding, ..incident() }))).body;
    assert!(body.contains("  - Not read: /aws/ec2/checkout: access denied\n"), "{body}");
    assert!(!body.contains("New in the logs"), "{body}");
}

#[test]
fn an_outcome_reads_well_as_an_email() {
    let email = email(&Notice::from(&envelope_of(outcome())));
    insta::assert_snapshot!(format!("{}\n\n{}", email.subject, email.body), @r"
    [HIGH] Remediation of checkout (i-0a1b2c3d4e5f60718)

    Remediation of checkout (i-0a1b2c3d4e5f60718)

    The reboot was requested; EC2 accepted it.

    Resource    checkout (i-0a1b2c3d4e5f60718)
    Region      us-east-1 (account 000000000000)
    Because of  CPUUtilization of checkout (i-0a1b2c3d4e5f60718) is abnormal
    Incident    inc_b00993e5fc301764d378

    Sent by Nightjar at 2026-11-21T10:02:00Z.
    ");
}

#[test]
fn slack_shows_severity_facts_and_findings() {
    insta::with_settings!({ sort_maps => true }, {
        insta::assert_json_snapshot!("slack_incident", slack_message(&notice()));
    });
}

#[test]
fn slack_gets_no_markup_from_a_log_line() {
    let message = slack_message(&Notice { findings: vec!["<!channel> & <@U1>".to_owned()], ..notice() });
    let text = message.to_string();
    assert!(text.contains("&lt;!channel&gt; &amp; &lt;@U1&gt;") && !text.contains("<!channel>"), "{text}");
}

/// Every text object in the message, with the limit that Slack sets for its place.
fn texts(message: &Value) -> Vec<(usize, String)> {
    let text_of = |value: &Value| value["text"].as_str().unwrap().to_owned();
    let mut texts = vec![(3000, text_of(message))];
    for block in message["attachments"][0]["blocks"].as_array().unwrap() {
        match (block["type"].as_str().unwrap(), block["fields"].as_array()) {
            ("header", _) => texts.push((150, text_of(&block["text"]))),
            (_, Some(fields)) => {
                assert!((1..=10).contains(&fields.len()));
                texts.extend(fields.iter().map(|field| (2000, text_of(field))));
            }
            _ => texts.push((3000, text_of(&block["text"]))),
        }
    }
    texts
}

prop_compose! {
    /// Anything that a log, a tag or AWS may put into a notice.
    fn notices()(
        title in ".{0,300}",
        summary in "(?s).{0,200}",
        repeat in 0_usize..60,
        piece in "(?s)[<>&a-z\u{0}-\u{1f}]{0,100}",
        findings in proptest::collection::vec("(?s).{0,400}", 0..20),
        facts in 0_usize..15,
    ) -> Notice {
        let long = piece.repeat(repeat);
        Notice {
            title,
            summary: summary + &long,
            facts: vec![("Why", long.clone()); facts],
            findings: findings.into_iter().chain([long]).collect(),
            ..notice()
        }
    }
}

proptest! {
    #[test]
    fn sns_takes_every_subject(notice in notices()) {
        let subject = email(&notice).subject;
        prop_assert!((1..=100).contains(&subject.len()), "{subject:?}");
        prop_assert!(subject.bytes().all(|b| b.is_ascii_graphic() || b == b' '), "{subject:?}");
        prop_assert!(subject.starts_with('['));
    }

    #[test]
    fn an_email_is_text_alone(notice in notices()) {
        let body = email(&notice).body;
        prop_assert!(body.chars().all(|c| !c.is_control() || c == '\n'), "{body:?}");
    }

    #[test]
    fn slack_takes_every_message(notice in notices()) {
        for (limit, text) in texts(&slack_message(&notice)) {
            prop_assert!((1..=limit).contains(&text.chars().count()), "{limit}: {text:?}");
        }
    }

    #[test]
    fn no_escape_is_cut_in_two(summary in "[&<>x]{2900,3100}") {
        let message = slack_message(&Notice { summary, ..notice() });
        let text = message["attachments"][0]["blocks"][1]["text"]["text"].as_str().unwrap();
        let rest = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
        prop_assert!(!rest.contains('&'), "{text}");
        prop_assert!(text.ends_with('…'));
    }
}

#[test]
fn a_notice_names_what_it_came_from() {
    let (of_incident, of_outcome) = (notice(), Notice::from(&envelope_of(outcome())));
    assert_eq!(of_incident.id, of_incident.incident_id);
    assert_eq!(of_outcome.incident_id, of_incident.incident_id);
    assert_ne!(of_outcome.id, of_incident.id, "so that both go out");
    assert_eq!(of_outcome.occurred_at, now());
}
