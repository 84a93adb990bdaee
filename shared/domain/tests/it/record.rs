use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::record::record;
use nightjar_testkit::{at, incident};
use serde_json::{Value, json};

fn fact(kind: FactKind, second: u32, details: Value) -> Fact {
    let when = at(&format!("2026-11-21T10:07:{second:02}Z"));
    Fact::new(kind, "alert-handler", "slack", None, when, details)
}

#[test]
fn a_record_tells_everything_that_is_known() {
    let facts = [
        fact(FactKind::NotificationSent, 30, json!({ "receiver": "default", "alerts": 1 })),
        fact(FactKind::AnomalyDetected, 10, json!({ "told": "by the incident itself" })),
    ];
    insta::assert_snapshot!(record(&incident(), &facts, true));
}

#[test]
fn nothing_from_outside_is_markup() {
    let mut incident = incident();
    incident.title = "x\n# <script>alert(1)</script>".to_owned();
    incident.finding.patterns[0].sample = "```\n# no heading".to_owned();
    let record = record(&incident, &[], true);
    assert!(record.starts_with("# x \\# \\<script\\>alert(1)\\</script\\>\n"), "{record}");
    assert!(record.contains("\n````\n```\n# no heading\n````"), "{record}");
}

#[test]
fn an_incident_nobody_touched_asks_who_should_have_been_told() {
    let record = record(&incident(), &[], false);
    assert!(record.contains("was not read back to the beginning"));
    assert!(record.contains("| Time to acknowledge | not acknowledged |"));
    assert!(record.contains("- [ ] Nobody acknowledged it"));
}
