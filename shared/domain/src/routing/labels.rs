//! What an alert is called by: names and values that matchers, groups and inhibition look at.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Product, product};

/// Labels that every alert has, besides `tag:<key>` for each tag of its resource.
///
/// `incident` stands apart: it tells one occurrence from the next. Matchers and `group_by` may name it, but it is no part
/// of an alert's identity, nor of `group_by: ["..."]`.
pub const NAMES: [&str; 10] =
    ["severity", "resource_type", "resource", "product", "account", "region", "kind", "cause", "metric", "incident"];

/// What a tag's label begins with.
pub const TAG: &str = "tag:";

/// The label that tells one occurrence from the next.
pub const INCIDENT: &str = "incident";

/// Names and values, sorted by name. An absent label and an empty one are the same, as in Alertmanager.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// The value, or the empty text.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// Sets a label; an empty value removes it.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        if value.is_empty() {
            self.0.remove(&name);
        } else {
            self.0.insert(name, value);
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds one label per tag.
    #[must_use]
    pub fn with_tags(mut self, tags: &BTreeMap<String, String>) -> Self {
        for (key, value) in tags {
            self.set(format!("{TAG}{key}"), value.as_str());
        }
        self
    }

    /// Adds the label `product` if one of `products` claims the resource: of several the most critical, then the first by
    /// name.
    #[must_use]
    pub fn with_product(mut self, products: &[Product]) -> Self {
        let name = product::of(products, &self).map(|product| product.name.clone());
        if let Some(name) = name {
            self.set("product", name);
        }
        self
    }

    /// Whether `name` can be a label of an alert.
    pub fn is_known(name: &str) -> bool {
        NAMES.contains(&name) || name.strip_prefix(TAG).is_some_and(|key| !key.is_empty())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut labels = Self::default();
        for (name, value) in pairs {
            labels.set(name, value);
        }
        labels
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value}")?;
        }
        Ok(())
    }
}
