//! Products: named sets of resources, with who owns them. The document `config/products.json`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Labels;
use super::lenient::{Lenient, take_all};
use super::matcher::{Matcher, all_match};
use crate::coverage::thresholds::ThresholdOverride;
use crate::severity::Severity;

/// The document `config/products.json`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductsDocument {
    #[serde(rename = "$schema", default)]
    pub schema: Option<String>,
    /// By name.
    pub products: BTreeMap<String, ProductEntry>,
}

/// One product of the document.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductEntry {
    /// Which resources belong to it, such as `tag:app="shop"`. All must hold.
    pub matchers: Vec<Lenient<Matcher>>,
    /// A team or a person.
    pub owner: String,
    /// How much depends on it. Of several products that claim a resource, the most critical has it.
    pub criticality: Severity,
    /// The receiver of its alerts, for routes with `to_owner`.
    #[serde(default)]
    pub channel: Option<String>,
    /// What to do, as a link.
    #[serde(default)]
    pub runbook: Option<String>,
    /// Other thresholds for the alarms of its resources: by resource type, such as `ec2:instance`, then by metric.
    #[serde(default)]
    pub thresholds: BTreeMap<String, BTreeMap<String, ThresholdOverride>>,
}

/// One product as it is written in a store or sent to the API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductSpec {
    /// Which resources belong to it, such as `tag:app="shop"`. All must hold.
    #[schema(example = json!(["tag:app=\"shop\""]), min_items = 1)]
    pub matchers: Vec<String>,
    /// A team or a person.
    #[schema(example = "team-shop", min_length = 1)]
    pub owner: String,
    /// How much depends on it. Of several products that claim a resource, the most critical has it.
    pub criticality: Severity,
    /// The receiver of its alerts, for routes with `to_owner`.
    #[serde(default)]
    pub channel: Option<String>,
    /// What to do, as a link that begins with https://.
    #[serde(default)]
    pub runbook: Option<String>,
    /// Other thresholds for the alarms of its resources: by resource type, such as `ec2:instance`, then by metric.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub thresholds: BTreeMap<String, BTreeMap<String, ThresholdOverride>>,
}

impl ProductSpec {
    /// The product, or everything that is wrong with it.
    pub fn check(&self, name: &str) -> Result<Product, Vec<String>> {
        let entry = ProductEntry {
            matchers: self.matchers.iter().map(|text| Lenient::parsed(text)).collect(),
            owner: self.owner.clone(),
            criticality: self.criticality,
            channel: self.channel.clone(),
            runbook: self.runbook.clone(),
            thresholds: self.thresholds.clone(),
        };
        let mut problems = Vec::new();
        let product = check(name.to_owned(), entry, &mut problems);
        if problems.is_empty() { Ok(product) } else { Err(problems) }
    }
}

/// A product, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Product {
    pub name: String,
    pub matchers: Vec<Matcher>,
    pub owner: String,
    pub criticality: Severity,
    pub channel: Option<String>,
    pub runbook: Option<String>,
    /// By resource type, then by metric.
    pub thresholds: BTreeMap<String, BTreeMap<String, ThresholdOverride>>,
}

/// The product that a resource with these labels belongs to: of several that claim it the most critical, then the first by name.
pub fn of<'a>(products: &'a [Product], labels: &Labels) -> Option<&'a Product> {
    let claiming = products.iter().filter(|product| product.claims(labels));
    claiming.min_by(|a, b| b.criticality.cmp(&a.criticality).then_with(|| a.name.cmp(&b.name)))
}

impl Product {
    /// Whether a resource with these labels belongs to it.
    pub fn claims(&self, labels: &Labels) -> bool {
        all_match(&self.matchers, labels)
    }
}

/// Everything that is wrong with the document, at once.
#[derive(Debug, thiserror::Error)]
pub enum ProductsError {
    #[error("products.json is not a valid document: {0}")]
    Document(#[from] serde_json::Error),
    #[error("products.json: {}", .0.join("; "))]
    Content(Vec<String>),
}

/// What products may look at: what the resource is, not what happened to it.
const OF_THE_RESOURCE: [&str; 4] = ["resource_type", "resource", "account", "region"];

/// Reads and checks the document.
pub fn parse(json: &str) -> Result<Vec<Product>, ProductsError> {
    let document: ProductsDocument = serde_json::from_str(json)?;
    let mut problems = Vec::new();
    let products = document.products.into_iter().map(|(name, entry)| check(name, entry, &mut problems)).collect();
    if problems.is_empty() { Ok(products) } else { Err(ProductsError::Content(problems)) }
}

fn check(name: String, entry: ProductEntry, problems: &mut Vec<String>) -> Product {
    let path = format!("products.{name}");
    let count = entry.matchers.len();
    let matchers = take_all(entry.matchers, &format!("{path}.matchers"), problems);
    if matchers.len() == count && matchers.iter().all(Matcher::matches_nothing) {
        problems.push(format!("{path}.matchers: at least one must need a label: else every resource belongs to it"));
    }
    for (index, matcher) in matchers.iter().enumerate() {
        let label = matcher.name();
        if !OF_THE_RESOURCE.contains(&label) && !label.starts_with(super::labels::TAG) {
            problems.push(format!(
                "{path}.matchers[{index}]: {label} is not known of a resource: use tag:<key>, {}",
                OF_THE_RESOURCE.join(", ")
            ));
        }
    }
    if name.trim().is_empty() {
        problems.push("products: a name is empty".to_owned());
    }
    if entry.owner.trim().is_empty() {
        problems.push(format!("{path}.owner: is empty"));
    }
    if entry.runbook.as_deref().is_some_and(|link| !link.starts_with("https://")) {
        problems.push(format!("{path}.runbook: must begin with https://"));
    }
    for (kind, metrics) in &entry.thresholds {
        let problem = |(metric, set): (&String, &ThresholdOverride)| {
            set.problem().map(|problem| format!("{path}.thresholds.{kind}.{metric}: {problem}"))
        };
        problems.extend(metrics.iter().filter_map(problem));
    }
    Product {
        name,
        matchers,
        owner: entry.owner,
        criticality: entry.criticality,
        channel: entry.channel,
        runbook: entry.runbook,
        thresholds: entry.thresholds,
    }
}
