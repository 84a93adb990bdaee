//! Tokens made with a key of their own (tests/tokens/tokens.json): one that is genuine, and each way of not being so.

use jiff::Timestamp;
use nightjar_domain::identity::{KeySet, Refusal, Role, Trust};
use serde_json::Value;

fn examples() -> Value {
    serde_json::from_str(include_str!("../tokens/tokens.json")).unwrap()
}

fn verified(token: &str, seconds_left: i64) -> Result<(String, Option<Role>), Refusal> {
    let examples = examples();
    let keys = KeySet::parse(examples["jwks"].to_string().as_bytes()).unwrap();
    let text = |name: &str| examples[name].as_str().unwrap().to_owned();
    let trust = Trust { issuer: text("issuer"), clients: vec!["another".to_owned(), text("client")] };
    let now = Timestamp::from_second(examples["expires"].as_i64().unwrap() - seconds_left).unwrap();
    let (claims, until) = trust.verify(token, &keys, now)?;
    assert_eq!(until.as_second(), examples["expires"].as_i64().unwrap());
    let identity = claims.identity();
    Ok((identity.who, identity.role))
}

fn named(name: &str, seconds_left: i64) -> Result<(String, Option<Role>), Refusal> {
    verified(examples()["tokens"][name].as_str().unwrap(), seconds_left)
}

#[test]
fn a_genuine_token_names_its_owner_and_role() {
    assert_eq!(named("genuine", 60), Ok(("ops@example.com".to_owned(), Some(Role::Operator))));
    assert_eq!(named("machine", 60), Ok(("client exampleclient".to_owned(), Some(Role::Viewer))));
}

#[rstest::rstest]
#[case("forged", Refusal::Forged)]
#[case("changed", Refusal::Forged)]
#[case("hs256", Refusal::Algorithm)]
#[case("none", Refusal::Algorithm)]
#[case("other_pool", Refusal::Foreign)]
#[case("other_client", Refusal::Foreign)]
#[case("no_client", Refusal::Foreign)]
#[case("no_exp", Refusal::Malformed)]
#[case("other_key", Refusal::UnknownKey("k2".to_owned()))]
fn what_is_not_genuine_is_refused(#[case] name: &str, #[case] refusal: Refusal) {
    assert_eq!(named(name, 60), Err(refusal));
}

#[test]
fn a_token_ends() {
    assert!(named("genuine", 1).is_ok());
    assert_eq!(named("genuine", -60), Err(Refusal::Expired));
}

#[test]
fn nonsense_is_refused() {
    for nonsense in ["", ".", "..", "a.b.c", "e30.e30.e30", &"x".repeat(10_000)] {
        assert_eq!(verified(nonsense, 60), Err(Refusal::Malformed), "{nonsense:.20}");
    }
}

proptest::proptest! {
    /// Whatever is changed in a genuine token, it is not the same token any more.
    #[test]
    fn no_byte_may_be_changed(at in 0_usize..10_000, byte in proptest::char::range('!', '~')) {
        let examples = examples();
        let genuine = examples["tokens"]["genuine"].as_str().unwrap();
        let mut bytes: Vec<char> = genuine.chars().collect();
        let at = at % bytes.len();
        proptest::prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        let changed: String = bytes.into_iter().collect();
        proptest::prop_assert!(verified(&changed, 60).is_err());
    }
}
