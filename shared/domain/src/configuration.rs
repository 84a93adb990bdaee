//! The documents of `config/` as they travel apart from the code: which there are, what makes one usable, and a version of one.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::accounts::WatchedAccounts;
use crate::audit::{Fact, FactKind};
use crate::catalogue::Catalogue;
use crate::coverage::thresholds::ThresholdOverrides;
use crate::diagnosis::LogSignals;
use crate::escalation::EscalationRules;
use crate::log_watch::LogWatch;
use crate::maintenance::MaintenanceWindows;
use crate::remediation::PoliciesDocument;
use crate::routing::Routes;
use crate::routing::product;

/// Bytes of a document. An item of the store has 400 KB, with its other attributes.
pub const LARGEST: usize = 380_000;

/// A document that can be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Document {
    AlertRoutes,
    AlertThresholds,
    EscalationRules,
    LogSignals,
    LogWatch,
    MaintenanceWindows,
    Products,
    RemediationPolicies,
    SecurityNoise,
    /// What people set through `PUT /thresholds`; it has no file.
    ThresholdOverrides,
    WatchedAccounts,
}

impl Document {
    pub const ALL: [Self; 11] = [
        Self::AlertRoutes,
        Self::AlertThresholds,
        Self::EscalationRules,
        Self::LogSignals,
        Self::LogWatch,
        Self::MaintenanceWindows,
        Self::Products,
        Self::RemediationPolicies,
        Self::SecurityNoise,
        Self::ThresholdOverrides,
        Self::WatchedAccounts,
    ];

    /// As the store and its file call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlertRoutes => "alert_routes",
            Self::AlertThresholds => "alert_thresholds",
            Self::EscalationRules => "escalation_rules",
            Self::LogSignals => "log_signals",
            Self::LogWatch => "log_watch",
            Self::MaintenanceWindows => "maintenance_windows",
            Self::Products => "products",
            Self::RemediationPolicies => "remediation_policies",
            Self::SecurityNoise => "security_noise",
            Self::ThresholdOverrides => "threshold_overrides",
            Self::WatchedAccounts => "watched_accounts",
        }
    }

    /// Its name below `config/`; `None` for what people set through the API.
    pub fn file(self) -> Option<String> {
        (self != Self::ThresholdOverrides).then(|| format!("{}.json", self.as_str()))
    }

    /// The document that it must fit, such as the products whose receivers the routes name.
    pub fn companion(self) -> Option<Self> {
        match self {
            Self::AlertRoutes => Some(Self::Products),
            Self::Products => Some(Self::AlertRoutes),
            Self::ThresholdOverrides => Some(Self::AlertThresholds),
            _ => None,
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// There is no such document.
#[derive(Debug, thiserror::Error)]
#[error("{given:?} is no document of the configuration: {known}")]
pub struct UnknownDocument {
    given: String,
    known: String,
}

impl FromStr for Document {
    type Err = UnknownDocument;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.strip_suffix(".json").unwrap_or(text);
        Self::ALL
            .into_iter()
            .find(|document| document.as_str() == name)
            .ok_or_else(|| UnknownDocument { given: text.to_owned(), known: Self::ALL.map(Self::as_str).join(", ") })
    }
}

/// Checks documents as their readers do.
#[derive(Debug, Clone, Copy)]
pub struct Checker {
    /// What reads `security_noise.json`: a crate that this one does not know.
    pub noise: fn(&str) -> Result<(), String>,
}

impl Checker {
    /// Why `json` cannot be published as `document`, if it cannot. `others` are the texts of other documents that it is to
    /// fit; those that ship stand for what is absent.
    pub fn check(self, document: Document, json: &str, others: &BTreeMap<Document, String>) -> Result<(), String> {
        fn said<T, E: fmt::Display>(read: Result<T, E>) -> Result<(), String> {
            read.map(drop).map_err(|error| error.to_string())
        }
        if json.len() > LARGEST {
            return Err(format!("{document} has {} bytes, and the store takes {LARGEST}", json.len()));
        }
        let other = |document, bundled| others.get(&document).map_or(bundled, String::as_str);
        match document {
            Document::AlertRoutes => said(Routes::parse(json, other(Document::Products, Routes::BUNDLED_PRODUCTS))),
            Document::AlertThresholds => said(Catalogue::parse(json)),
            Document::EscalationRules => said(EscalationRules::parse(json)),
            Document::LogSignals => said(LogSignals::parse(json)),
            Document::LogWatch => said(LogWatch::parse(json)),
            Document::MaintenanceWindows => said(MaintenanceWindows::parse(json)),
            Document::Products => {
                said(product::parse(json))?;
                said(Routes::parse(other(Document::AlertRoutes, Routes::BUNDLED_ROUTES), json))
            }
            Document::RemediationPolicies => said(PoliciesDocument::parse(json)),
            Document::SecurityNoise => (self.noise)(json),
            Document::ThresholdOverrides => {
                let overrides = ThresholdOverrides::parse(json).map_err(|error| error.to_string())?;
                let catalogue = Catalogue::parse(other(Document::AlertThresholds, Catalogue::BUNDLED));
                let problems = overrides.problems(&catalogue.map_err(|error| error.to_string())?);
                if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
            }
            Document::WatchedAccounts => said(WatchedAccounts::parse(json)),
        }
    }
}

/// One version of a document. The newest is in force; none is ever changed or removed, so that any can come back as a new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub document: Document,
    /// From 1, without gaps.
    pub version: u64,
    /// The document as it was published.
    pub json: String,
    pub by: String,
    pub at: Timestamp,
    pub why: String,
    /// The version whose text this one brings back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brings_back: Option<u64>,
}

impl Version {
    /// SHA-256 of the text, in hexadecimal.
    pub fn sha256(&self) -> String {
        hex::encode(Sha256::digest(self.json.as_bytes()))
    }

    /// For people who ask where a value comes from.
    pub fn place(&self) -> String {
        format!("version {} by {} at {}", self.version, self.by, self.at)
    }

    /// For the audit trail: the same however often it is told.
    pub fn fact(&self) -> Fact {
        let kind = if self.brings_back.is_some() { FactKind::ConfigRolledBack } else { FactKind::ConfigPublished };
        let details = json!({
            "version": self.version, "sha256": self.sha256(), "why": self.why, "brings_back": self.brings_back,
        });
        Fact::new(kind, &self.by, &subject(self.document), Some(&self.version.to_string()), self.at, details)
    }

    /// For the audit trail: `reader` cannot use this version.
    pub fn refusal(&self, reader: &str, problem: &str, now: Timestamp) -> Fact {
        let because = format!("{}:{reader}", self.version);
        let problem: String = problem.chars().take(1000).collect();
        let details = json!({ "version": self.version, "problem": problem });
        Fact::new(FactKind::ConfigRefused, reader, &subject(self.document), Some(&because), now, details)
    }
}

fn subject(document: Document) -> String {
    format!("config/{document}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKER: Checker = Checker { noise: |_| Ok(()) };

    fn version() -> Version {
        Version {
            document: Document::LogWatch,
            version: 3,
            json: "{}".to_owned(),
            by: "anna".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            why: "quieter".to_owned(),
            brings_back: None,
        }
    }

    #[test]
    fn names_are_read_with_and_without_their_ending() {
        for document in Document::ALL {
            assert_eq!(document.as_str().parse::<Document>().unwrap(), document);
            assert_eq!(format!("{document}.json").parse::<Document>().unwrap(), document);
            assert_eq!(serde_json::to_value(document).unwrap(), document.as_str());
        }
        let error = "alert_rotues".parse::<Document>().unwrap_err().to_string();
        assert!(error.contains("alert_rotues") && error.contains("alert_routes, "), "{error}");
    }

    #[test]
    fn what_ships_can_be_published_and_nonsense_cannot() {
        let shipped = [
            (Document::AlertRoutes, Routes::BUNDLED_ROUTES),
            (Document::Products, Routes::BUNDLED_PRODUCTS),
            (Document::AlertThresholds, Catalogue::BUNDLED),
            (Document::WatchedAccounts, WatchedAccounts::BUNDLED),
        ];
        for (document, json) in shipped {
            assert_eq!(CHECKER.check(document, json, &BTreeMap::new()), Ok(()), "{document}");
        }
        for document in Document::ALL.into_iter().filter(|document| *document != Document::SecurityNoise) {
            assert!(CHECKER.check(document, "{\"nonsense\": 1}", &BTreeMap::new()).is_err(), "{document}");
            let large = " ".repeat(LARGEST + 1);
            assert!(CHECKER.check(document, &large, &BTreeMap::new()).unwrap_err().contains("bytes"), "{document}");
        }
    }

    #[test]
    fn routes_and_products_are_checked_against_each_other() {
        let products = r#"{"products": {"shop": {"matchers": ["tag:app=shop"], "owner": "a", "criticality": "high", "channel": "nowhere"}}}"#;
        let others = BTreeMap::from([(Document::Products, products.to_owned())]);
        let problem = CHECKER.check(Document::AlertRoutes, Routes::BUNDLED_ROUTES, &others).unwrap_err();
        assert!(problem.contains("nowhere"), "{problem}");
        assert!(CHECKER.check(Document::Products, products, &BTreeMap::new()).unwrap_err().contains("nowhere"));
    }

    #[test]
    fn a_version_is_told_once_and_a_rollback_as_one() {
        let later = Version { at: Timestamp::MAX, ..version() };
        assert_eq!(version().fact().id, later.fact().id);
        assert_eq!(version().fact().kind, FactKind::ConfigPublished);
        let back = Version { brings_back: Some(1), ..version() };
        assert_eq!((back.fact().kind, &back.fact().details["brings_back"]), (FactKind::ConfigRolledBack, &json!(1)));
        let refusal = version().refusal("api", "bad", Timestamp::UNIX_EPOCH);
        assert_ne!(refusal.id, version().refusal("onboarding", "bad", Timestamp::UNIX_EPOCH).id);
    }
}
