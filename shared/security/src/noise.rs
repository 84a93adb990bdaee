//! What an operator knows to be harmless: allow-lists by rule, principal, network and time.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use nightjar_domain::id::FactId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::detector::Match;
use crate::rules::Level;

/// The file `config/security_noise.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    #[serde(rename = "$schema", default, skip_serializing)]
    schema: Option<String>,
    /// Accounts of your own organisation: sharing with them is not sharing with strangers.
    #[serde(default)]
    pub trusted_accounts: Vec<String>,
    /// What is expected. A match is quiet when everything that an entry names holds for it.
    #[serde(default)]
    pub expected: Vec<Expected>,
}

/// One thing that is expected, and why. Empty lists hold for everything; at least one must name something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Why this is harmless, and who says so.
    pub why: String,
    /// Ids or titles of rules.
    #[serde(default)]
    pub rules: Vec<String>,
    /// ARNs of users or roles; `*` stands for any characters.
    #[serde(default)]
    pub principals: Vec<String>,
    /// Networks such as `203.0.113.0/24`.
    #[serde(default)]
    pub networks: Vec<String>,
    /// Hours of the day in UTC, from and until, such as `[22, 4]`.
    #[serde(default)]
    pub hours: Option<[u8; 2]>,
    /// The first instant at which the entry no longer holds.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Matches above this level are told all the same. Without it: high.
    #[serde(default)]
    pub up_to: Option<Level>,
}

/// Everything that is wrong with the file, at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct NoiseError(Vec<String>);

impl Noise {
    pub fn parse(json: &str) -> Result<Self, NoiseError> {
        let noise: Self = serde_json::from_str(json).map_err(|error| NoiseError(vec![error.to_string()]))?;
        let mut problems = Vec::new();
        for (index, account) in noise.trusted_accounts.iter().enumerate() {
            if crate::policy::account(account).as_ref() != Some(account) {
                problems.push(format!("trusted_accounts[{index}]: {account:?} is no account of twelve digits"));
            }
        }
        for (index, entry) in noise.expected.iter().enumerate() {
            let mut wrong = |what: String| problems.push(format!("expected[{index}]: {what}"));
            if entry.why.trim().is_empty() {
                wrong("why is empty: say why this is harmless".to_owned());
            }
            if entry.rules.is_empty() && entry.principals.is_empty() && entry.networks.is_empty() {
                wrong("names no rule, principal or network, and would silence everything".to_owned());
            }
            if entry.principals.iter().any(|principal| principal.trim_matches('*').is_empty()) {
                wrong("a principal of * alone would silence everybody".to_owned());
            }
            for network in entry.networks.iter().filter(|network| parse_network(network).is_none()) {
                wrong(format!("{network:?} is no network such as 203.0.113.0/24"));
            }
            if entry.hours.is_some_and(|hours| hours.iter().any(|hour| *hour > 24)) {
                wrong("hours go from 0 to 24".to_owned());
            }
        }
        if problems.is_empty() { Ok(noise) } else { Err(NoiseError(problems)) }
    }

    /// Why a match is expected; `None` where it is not.
    pub fn expects(&self, found: &Match) -> Option<&str> {
        self.expected.iter().find(|entry| entry.holds(found)).map(|entry| entry.why.as_str())
    }

    /// The identity of this configuration, for the audit trail.
    pub fn fingerprint(&self) -> FactId {
        FactId::derive(&[&serde_json::to_string(self).unwrap_or_default()])
    }
}

impl Expected {
    fn holds(&self, found: &Match) -> bool {
        let context = &found.context;
        let any = |list: &[String], holds: &dyn Fn(&String) -> bool| list.is_empty() || list.iter().any(holds);
        let hour = context.at.map(|at| at.to_zoned(TimeZone::UTC).hour() as u8);
        found.level <= self.up_to.unwrap_or(Level::High)
            && any(&self.rules, &|rule| *rule == found.rule_id || *rule == found.title)
            && any(&self.principals, &|pattern| like(pattern, &context.actor) || like(pattern, &context.session))
            && any(&self.networks, &|network| within(network, &context.address))
            && self.hours.is_none_or(|[from, until]| hour.is_some_and(|hour| in_hours(hour, from, until)))
            && self.until.is_none_or(|until| context.at.is_some_and(|at| at < until))
    }
}

/// From 22 until 4 goes over midnight.
fn in_hours(hour: u8, from: u8, until: u8) -> bool {
    if from <= until { (from..until).contains(&hour) } else { hour >= from || hour < until }
}

/// Whether `text` is `pattern`, in which `*` stands for any characters. Linear in both.
fn like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn parse_network(text: &str) -> Option<(std::net::IpAddr, u8)> {
    let (address, length) = text.split_once('/')?;
    let (address, length): (std::net::IpAddr, u8) = (address.parse().ok()?, length.parse().ok()?);
    (length <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, length))
}

fn within(network: &str, address: &str) -> bool {
    let (Some((base, length)), Ok(address)) = (parse_network(network), address.parse::<std::net::IpAddr>()) else {
        return false;
    };
    let bits = |ip: std::net::IpAddr| match ip {
        std::net::IpAddr::V4(ip) => (u128::from(u32::from(ip)) << 96, true),
        std::net::IpAddr::V6(ip) => (u128::from(ip), false),
    };
    let ((base, four), (address, other)) = (bits(base), bits(address));
    four == other && (length == 0 || base >> (128 - u32::from(length)) == address >> (128 - u32::from(length)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::Context;

    fn found(level: Level) -> Match {
        Match {
            event_id: "1".into(),
            event_name: "E".into(),
            rule_id: "r".into(),
            title: "T".into(),
            level,
            tags: Vec::new(),
            context: Context {
                at: Some("2026-03-02T23:00:00Z".parse().unwrap()),
                actor: "arn:aws:iam::1:role/ci-deploy".into(),
                address: "203.0.113.9".into(),
                ..Context::default()
            },
        }
    }

    #[rstest::rstest]
    #[case::rule(r#"{"why":"w","rules":["T"]}"#, true)]
    #[case::other_rule(r#"{"why":"w","rules":["X"]}"#, false)]
    #[case::principal(r#"{"why":"w","principals":["arn:aws:iam::*:role/ci-*"]}"#, true)]
    #[case::other_principal(r#"{"why":"w","principals":["arn:aws:iam::*:role/cd-*"]}"#, false)]
    #[case::network(r#"{"why":"w","networks":["203.0.113.0/24"]}"#, true)]
    #[case::other_network(r#"{"why":"w","networks":["10.0.0.0/8","2001:db8::/32"]}"#, false)]
    #[case::over_midnight(r#"{"why":"w","rules":["r"],"hours":[22,4]}"#, true)]
    #[case::other_hours(r#"{"why":"w","rules":["r"],"hours":[8,18]}"#, false)]
    #[case::no_longer(r#"{"why":"w","rules":["r"],"until":"2026-03-02T00:00:00Z"}"#, false)]
    #[case::above(r#"{"why":"w","rules":["r"],"up_to":"low"}"#, false)]
    fn everything_named_must_hold(#[case] entry: &str, #[case] expected: bool) {
        let noise = Noise::parse(&format!("{{\"expected\":[{entry}]}}")).unwrap();
        assert_eq!(noise.expects(&found(Level::Medium)).is_some(), expected);
        assert_eq!(noise.expects(&found(Level::Critical)), None, "critical is never silenced without being named");
    }

    #[rstest::rstest]
    #[case::everything(r#"{"expected":[{"why":"w"}]}"#)]
    #[case::everybody(r#"{"expected":[{"why":"w","principals":["*"]}]}"#)]
    #[case::no_reason(r#"{"expected":[{"why":"","rules":["r"]}]}"#)]
    #[case::no_network(r#"{"expected":[{"why":"w","networks":["10.0.0.0"]}]}"#)]
    #[case::no_account(r#"{"trusted_accounts":["1234"]}"#)]
    #[case::unknown_field(r#"{"expects":[]}"#)]
    fn what_would_blind_is_refused(#[case] json: &str) {
        assert!(Noise::parse(json).is_err());
    }
}
