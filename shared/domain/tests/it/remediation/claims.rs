//! Where a claim stands, what a second delivery may do, and what people are told.

use nightjar_domain::remediation::{
    Action, Claim, ClaimState, DeclineReason, RemediationOutcome, Resume, Run, Step, Ticket, resume,
};
use nightjar_domain::severity::Severity;
use nightjar_testkit::{at, incident, now};
use rstest::rstest;

use super::{REBOOT, claim, minutes};

#[rstest]
#[case::at_work(ClaimState::Started { action: REBOOT }, "2026-11-21T10:01:59Z", Resume::InFlight { until: at("2026-11-21T10:02:00Z") })]
#[case::left_behind(ClaimState::Started { action: REBOOT }, "2026-11-21T10:02:00Z", Resume::OutcomeUnknown { action: REBOOT, since: at("2026-11-21T10:00:00Z") })]
#[case::finished(ClaimState::Finished { action: REBOOT }, "2026-11-21T10:01:00Z", Resume::Settled)]
#[case::failed(ClaimState::Failed { action: REBOOT, error: "denied".to_owned() }, "2026-11-21T11:00:00Z", Resume::Settled)]
#[case::unknown(ClaimState::Unknown { action: REBOOT }, "2026-11-21T11:00:00Z", Resume::Settled)]
#[case::rehearsed(ClaimState::Rehearsed { action: REBOOT }, "2026-11-21T10:01:00Z", Resume::Settled)]
#[case::declined(ClaimState::Declined(DeclineReason::Gone), "2026-11-21T10:01:00Z", Resume::Settled)]
fn a_second_delivery_never_acts(#[case] state: ClaimState, #[case] when: &str, #[case] expected: Resume) {
    assert_eq!(resume(&claim(state), at(when)), expected);
}

#[rstest]
#[case::started(ClaimState::Started { action: REBOOT }, None)]
#[case::finished(ClaimState::Finished { action: REBOOT }, Some((Severity::Critical, true, "The reboot was requested; EC2 accepted it.")))]
#[case::failed(ClaimState::Failed { action: REBOOT, error: "access denied".to_owned() }, Some((Severity::Critical, true, "The reboot failed: access denied. A person has to look.")))]
#[case::unknown(ClaimState::Unknown { action: REBOOT }, Some((Severity::Critical, true, "Nobody knows whether the reboot was carried out: the function stopped in the middle. It is not repeated; a person has to look.")))]
#[case::rehearsed(ClaimState::Rehearsed { action: REBOOT }, Some((Severity::Info, false, "Dry run: a reboot would have been requested.")))]
#[case::declined(ClaimState::Declined(DeclineReason::SwitchedOff), Some((Severity::Info, false, "Nothing was done: remediation is switched off (mode off).")))]
fn an_outcome_says_what_became_of_it(#[case] state: ClaimState, #[case] expected: Option<(Severity, bool, &str)>) {
    let outcome = RemediationOutcome::of(&incident(), &claim(state));
    let told = outcome.as_ref().map(|o| (o.severity, o.is_worth_telling(), o.result.text()));
    assert_eq!(told, expected);
}

fn waiting() -> Claim {
    claim(ClaimState::AwaitingApproval {
        action: REBOOT,
        until: at("2026-11-21T11:00:00Z"),
        fingerprint: "f".to_owned(),
        decision: None,
    })
}

#[test]
fn a_ticket_survives_its_token_and_nonsense_does_not_pass() {
    let ticket = Ticket { incident: incident().id, expires_at: at("2026-11-21T11:00:00Z") };
    assert_eq!(Ticket::read(&ticket.token(b"mac")).unwrap(), (ticket.clone(), b"mac".to_vec()));
    assert_eq!(ticket.fingerprint(&waiting(), now()).unwrap(), "f");
    for nonsense in ["", "a.b.c", "inc_1.1.x", &ticket.token(b"mac").replace('.', ":")] {
        assert!(Ticket::read(nonsense).is_err(), "{nonsense}");
    }
    let longer = Ticket { expires_at: at("2026-11-21T12:00:00Z"), ..ticket.clone() };
    assert!(longer.fingerprint(&waiting(), now()).unwrap_err().to_string().contains("not genuine"));
    let late = ticket.fingerprint(&waiting(), at("2026-11-21T11:00:00Z")).unwrap_err();
    assert!(late.to_string().contains("expired"), "{late}");
    let settled = ticket.fingerprint(&claim(ClaimState::Rehearsed { action: REBOOT }), now()).unwrap_err();
    assert!(settled.to_string().contains("nothing waits"), "{settled}");
}

#[test]
fn an_escalation_tells_everything_that_was_tried() {
    let step = Step::from;
    let run = Run {
        policy: "p".to_owned(),
        steps: vec![step(Action::SnapshotFirst), step(REBOOT)],
        step: 0,
        trace: "t".to_owned(),
        tried: Vec::new(),
        acted_at: Some(at("2026-11-21T10:00:00Z")),
        approved_by: None,
        remembered: None,
    };
    let first = Claim { run: Some(run), ..claim(ClaimState::Finished { action: Action::SnapshotFirst }) };
    let second = first.start(1, Some("taken"), minutes(2), at("2026-11-21T10:01:00Z")).unwrap();
    let why = "CPUUtilization is 97.0, still outside 18.0 to 31.0".to_owned();
    let ended = second.settled(ClaimState::Escalated { why }, at("2026-11-21T10:20:00Z"));
    let outcome = RemediationOutcome::of(&incident(), &ended).unwrap();
    insta::assert_snapshot!(outcome.result.text(), @"Not healed: CPUUtilization is 97.0, still outside 18.0 to 31.0. Tried: snapshot at 2026-11-21T10:00:00Z (taken); reboot at 2026-11-21T10:01:00Z (CPUUtilization is 97.0, still outside 18.0 to 31.0). A person has to look.");
    assert_eq!(outcome.tried.len(), 2);
}
