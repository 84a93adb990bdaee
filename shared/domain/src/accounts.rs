//! Accounts and regions: where a resource is, and which are watched beside the suite's own (`config/watched_accounts.json`).

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::ResourceRef;

/// How the document names the suite's own account.
const OWN: &str = "self";
/// IAM's limit on a role's name.
const LONGEST_ROLE_NAME: usize = 64;
/// STS's limit on an external id.
const LONGEST_EXTERNAL_ID: usize = 1224;

/// One account in one region, written `111122223333/eu-west-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope {
    pub account: String,
    pub region: String,
}

/// The text names no account and region.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no account and region such as 111122223333/eu-west-1")]
pub struct ScopeError(String);

impl Scope {
    /// Where the thing behind an ARN is; `None` where the ARN does not tell both.
    pub fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':').skip(3);
        let (region, account) = (parts.next()?, parts.next()?);
        parts.next().filter(|_| !region.is_empty() && !account.is_empty())?;
        Some(Self { account: account.to_owned(), region: region.to_owned() })
    }

    pub fn of(resource: &ResourceRef) -> Self {
        Self { account: resource.account.clone(), region: resource.region.clone() }
    }

    /// The partition that the region belongs to, as ARNs name it.
    pub fn partition(&self) -> &'static str {
        match self.region.split('-').next() {
            Some("cn") => "aws-cn",
            Some("us") if self.region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.region)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((account, region)) if !account.is_empty() && !region.is_empty() => {
                Ok(Self { account: account.to_owned(), region: region.to_owned() })
            }
            _ => Err(ScopeError(text.to_owned())),
        }
    }
}

/// The document `config/watched_accounts.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchedAccountsDocument {
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Beside the suite's own account and region, which is always watched and needs no entry.
    pub accounts: Vec<WatchedAccount>,
}

/// One account, with the regions in which it is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchedAccount {
    /// Twelve digits, or `self` for other regions of the suite's own account.
    pub account: String,
    /// The role to assume there: its name, or its ARN where it has a path. None for `self`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What the role's trust policy wants to hear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// Such as `eu-west-1`.
    pub regions: Vec<String>,
    /// True to have everything removed that Nightjar made there, before the entry goes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaving: bool,
}

/// Everything that is wrong with the document, at once.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    #[error("watched_accounts.json is not a valid document: {0}")]
    Document(#[from] serde_json::Error),
    #[error("watched_accounts.json: {}", .0.join("; "))]
    Content(Vec<String>),
}

/// The document, checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatchedAccounts(Vec<WatchedAccount>);

/// A scope, and the way into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedScope {
    pub scope: Scope,
    pub access: Access,
    /// Nothing is watched there any more: what Nightjar made is removed.
    pub leaving: bool,
}

/// With what a scope is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// The function's own role.
    Own,
    /// Another role, assumed.
    Role { arn: String, external_id: Option<String> },
}

impl WatchedAccounts {
    pub const BUNDLED: &str = include_str!("../../../config/watched_accounts.json");

    /// Reads and checks the document.
    pub fn parse(json: &str) -> Result<Self, AccountsError> {
        let document: WatchedAccountsDocument = serde_json::from_str(json)?;
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        for (index, entry) in document.accounts.iter().enumerate() {
            let mut told = Vec::new();
            check(entry, &mut told);
            let twice = entry.regions.iter().filter(|region| !seen.insert((&entry.account, *region)));
            told.extend(twice.map(|region| format!("{}/{region} is named twice", entry.account)));
            problems
                .extend(told.into_iter().map(|problem| format!("accounts[{index}] ({}): {problem}", entry.account)));
        }
        if problems.is_empty() { Ok(Self(document.accounts)) } else { Err(AccountsError::Content(problems)) }
    }

    /// All scopes: `home` first, which is always watched, then the others in the document's order. What names home once more adds
    /// nothing.
    pub fn scopes(&self, home: &Scope) -> Vec<WatchedScope> {
        let mut scopes = vec![WatchedScope { scope: home.clone(), access: Access::Own, leaving: false }];
        for entry in &self.0 {
            let account = if entry.account == OWN { &home.account } else { &entry.account };
            let access = match &entry.role {
                Some(arn) if arn.starts_with("arn:") => {
                    Access::Role { arn: arn.clone(), external_id: entry.external_id.clone() }
                }
                Some(name) => Access::Role {
                    arn: format!("arn:{}:iam::{account}:role/{name}", home.partition()),
                    external_id: entry.external_id.clone(),
                },
                None => Access::Own,
            };
            for region in &entry.regions {
                let scope = Scope { account: account.clone(), region: region.clone() };
                if scopes.iter().all(|known| known.scope != scope) {
                    scopes.push(WatchedScope { scope, access: access.clone(), leaving: entry.leaving });
                }
            }
        }
        scopes
    }
}

fn check(entry: &WatchedAccount, told: &mut Vec<String>) {
    let own = entry.account == OWN;
    if !own && !is_account(&entry.account) {
        told.push(format!("account {:?} is neither twelve digits nor \"{OWN}\"", entry.account));
    }
    match &entry.role {
        None if !own => told.push("role is missing: name the role to assume in that account".to_owned()),
        Some(_) if own => {
            told.push(format!("\"{OWN}\" takes no role: the functions read their own account as they are"));
        }
        Some(role) if role.starts_with("arn:") => check_role_arn(role, &entry.account, told),
        Some(name) if !is_role_name(name) => told.push(format!(
            "role {name:?} is neither a role's name (1 to {LONGEST_ROLE_NAME} letters, digits and +=,.@_-) nor its ARN"
        )),
        _ => {}
    }
    if let Some(id) = &entry.external_id {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
        if !(2..=LONGEST_EXTERNAL_ID).contains(&id.len()) || !id.chars().all(plain) {
            told.push(format!("external_id must have 2 to {LONGEST_EXTERNAL_ID} letters, digits and _+=,.@:/-"));
        }
        if own {
            told.push(format!("external_id has no use for \"{OWN}\""));
        }
    }
    if entry.regions.is_empty() {
        told.push("regions names none".to_owned());
    }
    let unknown = entry.regions.iter().filter(|region| !is_region(region));
    told.extend(unknown.map(|region| format!("region {region:?} has not the form of eu-west-1")));
}

fn check_role_arn(role: &str, account: &str, told: &mut Vec<String>) {
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    let [_, partition, "iam", "", of, resource] = parts[..] else {
        told.push(format!("role {role:?} is no ARN such as arn:aws:iam::111122223333:role/nightjar"));
        return;
    };
    let name = resource.strip_prefix("role/").map(|path| path.rsplit('/').next().unwrap_or_default());
    if !partition.starts_with("aws") || !is_account(of) || !name.is_some_and(is_role_name) {
        told.push(format!("role {role:?} is no ARN such as arn:aws:iam::111122223333:role/nightjar"));
    } else if of != account {
        told.push(format!("role {role:?} belongs to account {of}, not to {account}"));
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_role_name(text: &str) -> bool {
    (1..=LONGEST_ROLE_NAME).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c))
}

/// `eu-west-1`, `us-gov-east-1`: two letters, one or more words, a number.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [first, words @ .., number] = &parts[..] else { return false };
    let word = |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    first.len() == 2
        && word(first)
        && !words.is_empty()
        && words.iter().all(word)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn home() -> Scope {
        "111122223333/eu-west-1".parse().unwrap()
    }

    fn problem(entries: &Value) -> String {
        WatchedAccounts::parse(&json!({ "accounts": entries }).to_string()).unwrap_err().to_string()
    }

    #[test]
    fn without_entries_the_own_account_and_region_are_watched() {
        let bundled = WatchedAccounts::parse(WatchedAccounts::BUNDLED).unwrap();
        assert_eq!(bundled, WatchedAccounts::default());
        let own = WatchedScope { scope: home(), access: Access::Own, leaving: false };
        assert_eq!(bundled.scopes(&home()), [own]);
    }

    #[test]
    fn every_region_of_every_entry_is_a_scope_and_home_is_one_once() {
        let accounts = WatchedAccounts::parse(
            r#"{ "accounts": [
                { "account": "self", "regions": ["eu-west-1", "us-east-1"] },
                { "account": "222233334444", "role": "nightjar", "external_id": "tell-no-one", "regions": ["eu-west-1"] },
                { "account": "333344445555", "role": "arn:aws:iam::333344445555:role/ops/nightjar", "regions": ["us-east-1"],
                  "leaving": true } ] }"#,
        )
        .unwrap();
        let role = |arn: &str, external_id: Option<&str>| Access::Role {
            arn: arn.to_owned(),
            external_id: external_id.map(str::to_owned),
        };
        let scopes = accounts.scopes(&home());
        let told: Vec<(String, Access, bool)> =
            scopes.into_iter().map(|one| (one.scope.to_string(), one.access, one.leaving)).collect();
        assert_eq!(
            told,
            [
                ("111122223333/eu-west-1".to_owned(), Access::Own, false),
                ("111122223333/us-east-1".to_owned(), Access::Own, false),
                (
                    "222233334444/eu-west-1".to_owned(),
                    role("arn:aws:iam::222233334444:role/nightjar", Some("tell-no-one")),
                    false
                ),
                ("333344445555/us-east-1".to_owned(), role("arn:aws:iam::333344445555:role/ops/nightjar", None), true),
            ]
        );
    }

    #[rstest]
    #[case::no_account(json!({ "account": "12", "role": "r", "regions": ["eu-west-1"] }), "neither twelve digits")]
    #[case::no_role(json!({ "account": "222233334444", "regions": ["eu-west-1"] }), "role is missing")]
    #[case::own_role(json!({ "account": "self", "role": "r", "regions": ["eu-west-1"] }), "takes no role")]
    #[case::own_id(json!({ "account": "self", "external_id": "ab", "regions": ["eu-west-1"] }), "has no use")]
    #[case::bad_name(json!({ "account": "222233334444", "role": "a b", "regions": ["eu-west-1"] }), "neither a role's name")]
    #[case::bad_arn(json!({ "account": "222233334444", "role": "arn:aws:iam::x", "regions": ["eu-west-1"] }), "is no ARN")]
    #[case::user_arn(
        json!({ "account": "222233334444", "role": "arn:aws:iam::222233334444:user/u", "regions": ["eu-west-1"] }),
        "is no ARN"
    )]
    #[case::other_account(
        json!({ "account": "222233334444", "role": "arn:aws:iam::999999999999:role/r", "regions": ["eu-west-1"] }),
        "belongs to account 999999999999"
    )]
    #[case::short_id(
        json!({ "account": "222233334444", "role": "r", "external_id": "x", "regions": ["eu-west-1"] }),
        "external_id must"
    )]
    #[case::no_regions(json!({ "account": "222233334444", "role": "r", "regions": [] }), "regions names none")]
    #[case::bad_region(json!({ "account": "222233334444", "role": "r", "regions": ["Europe"] }), "\"Europe\" has not the form")]
    #[case::no_number(json!({ "account": "222233334444", "role": "r", "regions": ["eu-west"] }), "\"eu-west\" has not the form")]
    #[case::twice(
        json!({ "account": "222233334444", "role": "r", "regions": ["eu-west-1", "eu-west-1"] }),
        "222233334444/eu-west-1 is named twice"
    )]
    #[case::typo(json!({ "account": "222233334444", "rolle": "r", "regions": ["eu-west-1"] }), "unknown field `rolle`")]
    fn what_cannot_be_used_is_named(#[case] entry: Value, #[case] expected: &str) {
        let told = problem(&json!([entry]));
        assert!(told.contains(expected), "{told}");
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_place() {
        let one = json!({ "account": "222233334444", "role": "r", "regions": ["eu-west-1"] });
        let told = problem(&json!([one, one, { "account": "x", "regions": [] }]));
        for part in
            ["accounts[1] (222233334444): 222233334444/eu-west-1 is named twice", "accounts[2] (x): ", "regions"]
        {
            assert!(told.contains(part), "{part}: {told}");
        }
    }

    #[rstest]
    #[case("arn:aws:sns:eu-west-1:111122223333:aiops-alarms", Some("111122223333/eu-west-1"))]
    #[case("arn:aws:s3:::photos", None)]
    #[case("arn:aws:sns:eu-west-1:111122223333", None)]
    #[case("aiops", None)]
    fn an_arn_tells_its_scope(#[case] arn: &str, #[case] expected: Option<&str>) {
        assert_eq!(Scope::of_arn(arn).map(|scope| scope.to_string()).as_deref(), expected);
    }

    #[rstest]
    #[case("eu-west-1", "aws")]
    #[case("us-gov-east-1", "aws-us-gov")]
    #[case("us-east-1", "aws")]
    #[case("cn-north-1", "aws-cn")]
    fn a_region_tells_its_partition(#[case] region: &str, #[case] partition: &str) {
        assert_eq!(Scope { account: "1".to_owned(), region: region.to_owned() }.partition(), partition);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}", account in "\\PC{0,14}", role in "\\PC{0,80}", region in "\\PC{0,20}") {
            let _ = (WatchedAccounts::parse(&text), text.parse::<Scope>(), Scope::of_arn(&text));
            let entry = json!({ "account": account, "role": role, "regions": [region] });
            if let Ok(accounts) = WatchedAccounts::parse(&json!({ "accounts": [entry] }).to_string()) {
                for watched in accounts.scopes(&home()) {
                    prop_assert_eq!(watched.scope.to_string().parse::<Scope>().unwrap(), watched.scope);
                }
            }
        }
    }
}
