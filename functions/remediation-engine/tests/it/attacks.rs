//! What is done about an attack: a key made inactive, and made active again, by a person's word.

use nightjar_domain::remediation::{
    Action, Claim, ClaimState, Decision, FleetState, IAM_USER, Remembered, Run, Step, UserState, subject,
};
use nightjar_domain::severity::Severity;
use nightjar_testkit::{now, security_incident};

use crate::support::{ByHand, CARRIED_OUT, DECLINED, ESCALATED, WAITING, World, ago, claim, open};

const KEY: &str = "AKIAIOSFODNN7EXAMPLE";

fn user_answer(tags: &[(&str, &str)]) -> String {
    let tag = |(key, value): &(&str, &str)| format!("<member><Key>{key}</Key><Value>{value}</Value></member>");
    let tags = tags.iter().map(tag).collect::<String>();
    format!(
        "<GetUserResponse><GetUserResult><User><UserName>eve</UserName><Tags>{tags}</Tags></User></GetUserResult></GetUserResponse>"
    )
}

fn keys_answer(status: &str) -> String {
    format!(
        "<ListAccessKeysResponse><ListAccessKeysResult><AccessKeyMetadata><member><AccessKeyId>{KEY}</AccessKeyId>\
         <Status>{status}</Status></member></AccessKeyMetadata></ListAccessKeysResult></ListAccessKeysResponse>"
    )
}

const CONSENT: &[(&str, &str)] = &[("aiops:remediate", "disable_access_key")];

/// IAM with the user and its key, and with so many changes of the key expected.
async fn iam(tags: &[(&str, &str)], status: &str, looks: u64, change: &str, changes: u64) -> ByHand {
    let update = format!("UpdateAccessKey&Version=2010-05-08&UserName=eve&AccessKeyId={KEY}&Status={change}");
    let iam = ByHand::new().await.answers("GetUser", &user_answer(tags), looks).await;
    let iam = iam.answers("ListAccessKeys", &keys_answer(status), looks).await;
    iam.takes(&update, changes).await
}

/// A world in which an attack was told of; every other policy is automatic.
fn attack(iam: &ByHand) -> World {
    let mut world = World::new();
    world.incident = security_incident();
    world.by_hand = Some(iam.config());
    world
}

fn of_attack(state: ClaimState, acted: bool) -> Claim {
    let keys = Remembered::AccessKeys { user: "eve".to_owned(), keys: vec![KEY.to_owned()] };
    let incident = security_incident();
    let run = Run {
        policy: "attack-with-a-key".to_owned(),
        steps: vec![Step::from(Action::DisableAccessKey)],
        step: 0,
        trace: "t".to_owned(),
        tried: Vec::new(),
        acted_at: acted.then(|| ago(60)),
        approved_by: None,
        remembered: acted.then_some(keys),
    };
    Claim {
        incident: incident.id.clone(),
        resource_arn: subject(&incident).arn,
        run: Some(run),
        ..claim(state, ago(60))
    }
}

fn waiting(approved: bool, tags: &[(&str, &str)]) -> ClaimState {
    let user = UserState {
        name: "eve".to_owned(),
        tags: tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        keys: vec![nightjar_domain::remediation::AccessKey { id: KEY.to_owned(), is_active: true }],
        ..UserState::default()
    };
    let fingerprint = FleetState { user: Some(user), ..FleetState::default() }.fingerprint().unwrap();
    ClaimState::AwaitingApproval {
        action: Action::DisableAccessKey,
        until: now() + jiff::SignedDuration::from_mins(50),
        fingerprint,
        decision: Some(Decision { approved, by: "ops".to_owned(), at: now(), why: "seen it".to_owned() }),
    }
}

fn stored(iam: &ByHand, claim: Claim) -> World {
    let mut world = attack(iam);
    let mut ledger = open(false);
    ledger.runs[0].incident = claim.incident.clone();
    ledger.runs[0].resource_arn.clone_from(&claim.resource_arn);
    world.ledger = ledger;
    world.stored = Some(claim);
    world
}

#[tokio::test]
async fn in_mode_auto_too_a_person_is_asked_before_a_key_is_touched() {
    let iam = iam(CONSENT, "Active", 1, "Inactive", 0).await;
    let world = attack(&iam);
    assert_eq!(subject(&world.incident).kind, IAM_USER);
    assert_eq!(world.run().await.unwrap(), WAITING);
    assert_eq!(world.sns.num_calls(), 1, "the message that asks");
}

#[tokio::test]
async fn an_approved_key_is_made_inactive_and_looked_at_again() {
    // Looked at for the fingerprint, for the belts, and once more afterwards, where it is still shown as active here.
    let iam = iam(CONSENT, "Active", 3, "Inactive", 1).await;
    let world = stored(&iam, of_attack(waiting(true, CONSENT), false));
    // The server goes on saying that it is active: that is no success, and people are told.
    assert_eq!(world.sweep().await.unwrap(), ESCALATED);
    assert!(world.sns.num_calls() >= 1);
}

#[tokio::test]
async fn a_key_that_is_inactive_is_contained_and_people_are_told_the_way_back() {
    let iam = iam(CONSENT, "Inactive", 1, "Inactive", 0).await;
    let finished = ClaimState::Finished { action: Action::DisableAccessKey };
    let world = stored(&iam, of_attack(finished, true));
    assert_eq!(world.sweep().await.unwrap(), ESCALATED);
    assert!(world.sns.num_calls() >= 1);
}

#[tokio::test]
async fn nothing_happens_to_a_user_that_changed_since_or_was_denied() {
    let changed = iam(&[("aiops:remediate", "disable_access_key"), ("owner", "x")], "Active", 1, "Inactive", 0).await;
    assert_eq!(stored(&changed, of_attack(waiting(true, CONSENT), false)).sweep().await.unwrap(), DECLINED);
    let untouched = iam(CONSENT, "Active", 0, "Inactive", 0).await;
    assert_eq!(stored(&untouched, of_attack(waiting(false, CONSENT), false)).sweep().await.unwrap(), DECLINED);
}

#[tokio::test]
async fn a_user_without_consent_or_protected_is_left_alone() {
    let protected: &[(&str, &str)] = &[("aiops:remediate", "disable_access_key"), ("aiops:never-touch", "")];
    for tags in [&[], protected] {
        let iam = iam(tags, "Active", 1, "Inactive", 0).await;
        assert_eq!(attack(&iam).run().await.unwrap(), DECLINED);
    }
}

#[tokio::test]
async fn a_key_is_made_active_again_by_a_persons_word() {
    let state = ClaimState::UndoRequested {
        action: Action::DisableAccessKey,
        by: "ops".to_owned(),
        why: "our scanner".to_owned(),
    };
    let iam = iam(CONSENT, "Inactive", 1, "Active", 1).await;
    assert_eq!(stored(&iam, of_attack(state.clone(), true)).sweep().await.unwrap(), CARRIED_OUT);
    let again = self::iam(CONSENT, "Active", 1, "Active", 0).await;
    assert_eq!(stored(&again, of_attack(state, true)).sweep().await.unwrap(), CARRIED_OUT, "as it was: nothing to do");
}

#[tokio::test]
async fn a_step_of_unknown_outcome_is_seen_in_the_key_and_not_repeated() {
    let mut started = of_attack(ClaimState::Started { action: Action::DisableAccessKey }, true);
    started.lease_until = ago(1);
    let iam = iam(CONSENT, "Inactive", 2, "Inactive", 0).await;
    assert_eq!(stored(&iam, started).sweep().await.unwrap(), ESCALATED);
}

/// It was declined while it was not severe; now it is.
#[tokio::test]
async fn an_attack_that_gets_worse_is_decided_anew() {
    let reason = nightjar_domain::remediation::DeclineReason::NotSevere { severity: Severity::Medium };
    let declined = Claim { run: None, ..of_attack(ClaimState::Declined(reason), false) };
    let server = iam(CONSENT, "Active", 1, "Inactive", 0).await;
    let mut world = attack(&server);
    world.stored = Some(declined.clone());
    assert_eq!(world.run().await.unwrap(), WAITING);

    let server = iam(&[], "Active", 1, "Inactive", 0).await;
    let mut world = attack(&server);
    world.stored = Some(declined);
    assert_eq!(world.run().await.unwrap(), DECLINED, "without anything to do the first word stands");
}
