//! What each channel is sent: ordinary, huge and hostile alerts, inside the channel's limits.

use nightjar_domain::alert::{
    Bulletin, Notice, WebhookPayload, alertmanager_payload, email, pagerduty_event, slack_message, slack_reply,
    slack_state, teams_message,
};
use nightjar_domain::incident::Incident;
use nightjar_domain::remediation::{RemediationOutcome, RemediationResult};
use nightjar_domain::routing::{Alert, Because, Group, Labels, Member};
use nightjar_domain::severity::Severity;
use nightjar_testkit::{envelope_of, incident, now};
use rstest::rstest;
use serde_json::{Value, json};

const LINK: &str = "https://ops.example.com/incidents/inc_1";

/// Says something in every notation that a channel reads, and turns the direction of writing.
const HOSTILE: &str = "<!channel> *bold* <https://evil.example|safe> @here & [link](https://evil.example) {{DATE(2026-11-21T10:00:00Z)}} <script>alert(1)</script> \u{202e}txet desrever\u{202c} \u{1b}[31mred \u{1f525}";

fn ordinary() -> Incident {
    incident()
}

fn hostile() -> Incident {
    let mut incident = incident();
    HOSTILE.clone_into(&mut incident.title);
    HOSTILE.clone_into(&mut incident.finding.summary);
    for pattern in &mut incident.finding.patterns {
        HOSTILE.clone_into(&mut pattern.template);
    }
    incident.anomaly.resource.name = Some(HOSTILE.to_owned());
    incident
}

/// 100 KB of evidence in each text.
fn huge() -> Incident {
    let mut incident = incident();
    let long = "disk 漢字 🔥 ".repeat(10_000);
    incident.title.push_str(&long);
    incident.finding.summary = format!("Memory exhaustion is the likeliest cause. {long}");
    incident.anomaly.reasons = vec![long.clone(); 5];
    let pattern = incident.finding.patterns[0].clone();
    incident.finding.patterns = vec![nightjar_domain::diagnosis::LogPattern { template: long, ..pattern }; 40];
    incident
}

fn bulletin(incident: &Incident, because: Because, resolved: bool, acknowledged: bool) -> Bulletin {
    let member = Member { resolved, acknowledged, ..Member::of(&Alert::from(incident)) };
    let group = Group::new("root", "oncall", "hook", [("region", "us-east-1")].into_iter().collect::<Labels>());
    let envelope = envelope_of(incident.clone());
    let body = serde_json::to_value(&envelope.body).unwrap();
    let (firing, over): (Vec<&Member>, Vec<&Member>) =
        if resolved { (vec![], vec![&member]) } else { (vec![&member], vec![]) };
    let single = Some((Notice::from(&envelope), body));
    let mut bulletin = Bulletin::new(&group, because, (&firing, &over), None, single, now());
    bulletin.notice.link = Some(LINK.to_owned());
    bulletin
}

fn firing(incident: &Incident) -> Bulletin {
    bulletin(incident, Because::NewAlerts, false, false)
}

/// A repair that waits for a person's word.
fn approval() -> Bulletin {
    let incident = incident();
    let outcome = RemediationOutcome {
        incident: incident.id,
        incident_title: incident.title,
        resource: incident.anomaly.resource,
        severity: Severity::High,
        result: RemediationResult::AwaitingApproval { text: "The reboot waits for a word until 10:31.".to_owned() },
        step: 0,
        tried: Vec::new(),
    };
    let envelope = envelope_of(outcome);
    let member = Member::of(&Alert::from(&envelope));
    let group = Group::new("root", "oncall", "hook", Labels::default());
    let single = Some((Notice::from(&envelope), json!({})));
    let mut bulletin = Bulletin::new(&group, Because::NewAlerts, (&[&member], &[]), None, single, now());
    bulletin.notice.link = Some(LINK.to_owned());
    bulletin
}

/// Everything a channel is sent, by its name.
fn rendered(bulletin: &Bulletin) -> Vec<(&'static str, Value)> {
    let mail = email(&bulletin.notice);
    vec![
        ("slack", slack_message(&bulletin.notice)),
        ("teams", teams_message(&bulletin.notice)),
        ("pagerduty", pagerduty_event(bulletin, "R0UTINGKEY")),
        ("alertmanager", alertmanager_payload(bulletin)),
        ("email", json!({ "subject": mail.subject, "body": mail.body })),
    ]
}

/// What [`huge`] repeats, and how many times in a row, instead of 100 KB of it.
fn counted(text: &str) -> String {
    const PIECE: &str = "disk 漢字 🔥 ";
    let mut told = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(PIECE) {
        let (before, run) = rest.split_at(at);
        let times = run.as_bytes().chunks(PIECE.len()).take_while(|chunk| *chunk == PIECE.as_bytes()).count();
        told.extend([before, "(", PIECE, "× ", &times.to_string(), ")"]);
        rest = &run[times * PIECE.len()..];
    }
    told + rest
}

fn shortened(payload: Value) -> Value {
    match payload {
        Value::String(text) => Value::String(counted(&text)),
        Value::Array(list) => list.into_iter().map(shortened).collect(),
        Value::Object(map) => map.into_iter().map(|(name, value)| (name, shortened(value))).collect(),
        other => other,
    }
}

#[rstest]
#[case::ordinary("ordinary", firing(&ordinary()))]
#[case::hostile("hostile", firing(&hostile()))]
#[case::huge("huge", firing(&huge()))]
#[case::resolved("resolved", bulletin(&ordinary(), Because::Resolved, true, false))]
#[case::approval("approval", approval())]
fn payloads(#[case] name: &str, #[case] bulletin: Bulletin) {
    for (channel, payload) in rendered(&bulletin) {
        insta::with_settings!({ sort_maps => true }, {
            insta::assert_json_snapshot!(format!("{channel}_{name}"), shortened(payload));
        });
    }
}

#[rstest]
#[case::worse(Because::NewAlerts, false, true)]
#[case::again(Because::Repeat, false, true)]
#[case::over(Because::Resolved, true, false)]
#[case::taken(Because::Acknowledged, false, false)]
fn a_thread_gets_all_of_what_is_news_and_a_line_of_the_rest(
    #[case] because: Because,
    #[case] resolved: bool,
    #[case] is_news: bool,
) {
    let bulletin = bulletin(&hostile(), because, resolved, because == Because::Acknowledged);
    let (state, reply) = (slack_state(&bulletin), slack_reply(&bulletin));
    assert_eq!(reply["reply_broadcast"] == true, is_news, "the channel sees what is news");
    assert_eq!(reply["attachments"].is_array(), is_news);
    assert_eq!(state["attachments"][0]["color"] == "#2e7d32", resolved, "green is over");
    let text = reply["text"].as_str().unwrap();
    assert!(!text.contains("<!channel>") && !text.contains('\u{202e}'), "{text}");
    check_block_kit(&state);
}

#[test]
fn what_can_be_done_is_a_link_away_while_it_can_be_done() {
    let titles =
        |bulletin: &Bulletin| -> Vec<&str> { bulletin.notice.links().iter().map(|(title, _)| *title).collect() };
    assert_eq!(titles(&firing(&ordinary())), ["Open the incident", "Acknowledge", "Silence"]);
    assert_eq!(titles(&approval()), ["Open the incident", "Approve or deny", "Acknowledge"]);
    let acknowledged = bulletin(&ordinary(), Because::Acknowledged, false, true);
    assert_eq!(titles(&acknowledged), ["Open the incident", "Silence"]);
    let resolved = bulletin(&ordinary(), Because::Resolved, true, false);
    assert_eq!(titles(&resolved), ["Open the incident"]);
    let linkless = Bulletin { notice: Notice { link: None, ..approval().notice }, ..approval() };
    assert!(titles(&linkless).is_empty());
}

/// Slack's Block Kit reference: characters of a header, of a section, of a field; fields of a section; blocks of a message.
fn check_block_kit(message: &Value) {
    let blocks = message["attachments"][0]["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50);
    for block in blocks {
        let chars = |text: &Value| text["text"].as_str().unwrap().chars().count();
        match block["type"].as_str().unwrap() {
            "header" => assert!((1..=150).contains(&chars(&block["text"])) && block["text"]["type"] == "plain_text"),
            "section" => {
                let fields = block["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
                assert!(fields.len() <= 10 && fields.iter().all(|field| (1..=2000).contains(&chars(field))));
                if fields.is_empty() {
                    assert!((1..=3000).contains(&chars(&block["text"])));
                }
            }
            other => unreachable!("a block that is not used: {other}"),
        }
    }
}

/// The published schema of Adaptive Cards 1.4, for the elements that are used: what each may and must have, and which words
/// its enumerations know (their case does not matter).
fn check_adaptive_card(message: &Value) {
    let attachment = &message["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    let card = &attachment["content"];
    has(card, &["type", "version"], &["$schema", "body", "actions"]);
    assert_eq!((card["type"].as_str(), card["version"].as_str()), (Some("AdaptiveCard"), Some("1.4")));
    for element in card["body"].as_array().unwrap() {
        match element["type"].as_str().unwrap() {
            "TextBlock" => {
                has(element, &["type", "text"], &["color", "isSubtle", "size", "weight", "wrap"]);
                is_one_of(&element["color"], &["default", "dark", "light", "accent", "good", "warning", "attention"]);
                is_one_of(&element["size"], &["default", "small", "medium", "large", "extralarge"]);
                is_one_of(&element["weight"], &["default", "lighter", "bolder"]);
                assert!(
                    ["isSubtle", "wrap"].iter().all(|name| element[*name].is_null() || element[*name].is_boolean())
                );
                assert!(!element["text"].as_str().unwrap().is_empty());
            }
            "FactSet" => {
                has(element, &["type", "facts"], &[]);
                for fact in element["facts"].as_array().unwrap() {
                    has(fact, &["title", "value"], &[]);
                    assert!(fact["title"].is_string() && fact["value"].is_string());
                }
            }
            other => unreachable!("an element that is not used: {other}"),
        }
    }
    for action in card["actions"].as_array().map(Vec::as_slice).unwrap_or_default() {
        has(action, &["type", "url"], &["title"]);
        assert!(action["type"] == "Action.OpenUrl" && action["url"].as_str().unwrap().starts_with("https://"));
    }
}

/// Every name of `must`, and beside those only names of `may`: the schema admits no other.
fn has(object: &Value, must: &[&str], may: &[&str]) {
    let names: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(must.iter().all(|name| names.contains(name)), "{must:?} in {object}");
    assert!(names.iter().all(|name| must.contains(name) || may.contains(name)), "{object}");
}

fn is_one_of(word: &Value, known: &[&str]) {
    assert!(word.is_null() || known.contains(&word.as_str().unwrap().to_lowercase().as_str()), "{word}");
}

#[rstest]
#[case::ordinary(ordinary())]
#[case::hostile(hostile())]
#[case::huge(huge())]
fn every_payload_is_inside_the_limits_and_keeps_its_cause_and_link(#[case] incident: Incident) {
    let bulletin = firing(&incident);
    for (channel, payload) in rendered(&bulletin) {
        let text = payload.to_string();
        let limit = match channel {
            "teams" => 28 * 1024,
            "pagerduty" => 512 * 1024,
            _ => 256 * 1024 * 8,
        };
        assert!(text.len() <= limit, "{channel}: {} bytes", text.len());
        if channel != "alertmanager" {
            let cause: String = incident.finding.summary.chars().take_while(char::is_ascii_alphabetic).collect();
            assert!(text.contains(&cause), "{channel} lost the cause");
        }
        assert!(text.contains(LINK), "{channel} lost the link");
        assert!(!text.contains('\u{202e}') && !text.contains("\\u001b"), "{channel} keeps a mark that misleads");
    }
    check_block_kit(&slack_message(&bulletin.notice));
    check_adaptive_card(&teams_message(&bulletin.notice));
    let mail = email(&bulletin.notice);
    assert!(mail.subject.len() <= 100 && mail.subject.is_ascii() && !mail.subject.contains('\n'));
}

#[test]
fn nothing_of_a_stranger_becomes_markup() {
    let mut slack = slack_message(&firing(&hostile()).notice);
    // The header is plain text, which Slack shows as it is.
    slack["attachments"][0]["blocks"].as_array_mut().unwrap().remove(0);
    let slack = slack.to_string();
    assert!(!slack.contains("<!channel>") && !slack.contains("<https://evil"), "{slack}");
    let teams = teams_message(&firing(&hostile()).notice).to_string();
    assert!(!teams.contains("[link](") && !teams.contains("{{DATE"), "{teams}");
}

#[test]
fn a_pager_is_told_of_the_same_trouble_by_the_same_key() {
    let event = |because, resolved, acknowledged| {
        pagerduty_event(&bulletin(&ordinary(), because, resolved, acknowledged), "R0UTINGKEY")
    };
    let events = [
        event(Because::NewAlerts, false, false),
        event(Because::Acknowledged, false, true),
        event(Because::Resolved, true, false),
    ];
    let actions: Vec<&str> = events.iter().map(|event| event["event_action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["trigger", "acknowledge", "resolve"]);
    assert!(events.iter().all(|event| event["dedup_key"] == events[0]["dedup_key"]));
}

#[test]
fn a_notification_is_named_by_its_content() {
    let (first, again) = (firing(&ordinary()), firing(&ordinary()));
    assert_eq!(first.id, again.id);
    assert_ne!(first.id, bulletin(&ordinary(), Because::Resolved, true, false).id);
}

#[test]
fn a_group_is_counted_and_its_worst_listed_first() {
    let members: Vec<Member> = (0..250)
        .map(|index| {
            let mut member = Member::of(&Alert::from(&ordinary()));
            member.fingerprint = format!("{index}");
            member.message = format!("inc_{index}");
            if index == 200 {
                member.severity = nightjar_domain::severity::Severity::Critical;
                member.title = "the worst".to_owned();
            } else {
                member.severity = nightjar_domain::severity::Severity::High;
            }
            member
        })
        .collect();
    let all: Vec<&Member> = members.iter().collect();
    let group = Group::new("root", "oncall", "hook", [("region", "eu")].into_iter().collect::<Labels>());
    let bulletin = Bulletin::new(&group, Because::NewAlerts, (&all, &[]), None, None, now());
    assert_eq!(bulletin.notice.title, "250 alerts (region=eu)");
    assert_eq!(bulletin.notice.findings[0], "critical: the worst");
    assert_eq!(bulletin.notice.findings.last().unwrap(), "and 230 more");
    let payload = serde_json::to_value(WebhookPayload::new(&bulletin)).unwrap();
    assert_eq!((payload["type"].as_str(), payload["data"]["alerts_cut"].as_u64()), (Some("nightjar.group"), Some(150)));
    assert_eq!(alertmanager_payload(&bulletin)["truncatedAlerts"], 150);
    check_block_kit(&slack_message(&bulletin.notice));
}

#[test]
fn a_single_alert_that_fires_is_sent_as_it_was_published() {
    let payload = serde_json::to_value(WebhookPayload::new(&firing(&ordinary()))).unwrap();
    assert_eq!(payload["type"], "nightjar.incident");
    assert_eq!(serde_json::from_value::<Incident>(payload["data"].clone()).unwrap(), ordinary());
}
