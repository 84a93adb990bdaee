//! Which series of a metric belong to a resource.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::catalogue::{CatalogueEntry, Discovery, ResourceType};
use crate::coverage::fill;
use crate::onboarding::FoundResource;

type Dimensions = BTreeMap<String, String>;

/// Series that are known to be published, found by any of their dimensions: thousands of resources ask.
#[derive(Debug, Default)]
pub(crate) struct SeriesIndex<'a> {
    by_dimension: HashMap<(&'a str, &'a str, &'a str, &'a str), Vec<&'a Dimensions>>,
}

impl<'a> SeriesIndex<'a> {
    /// From (namespace, metric, dimensions).
    pub(crate) fn new(series: impl Iterator<Item = (&'a str, &'a str, &'a Dimensions)>) -> Self {
        let mut index = Self::default();
        for (namespace, metric, dimensions) in series {
            for (name, value) in dimensions {
                index.by_dimension.entry((namespace, metric, name, value)).or_default().push(dimensions);
            }
        }
        index
    }

    /// Those that have all of `base`, sorted: ListMetrics answers in any order. With `further`, those and no other dimensions.
    fn find(&self, entry: &CatalogueEntry, base: &Dimensions) -> BTreeSet<&'a Dimensions> {
        let Some((name, value)) = base.iter().next() else { return BTreeSet::new() };
        let key = (entry.namespace.as_str(), entry.metric.as_str(), name.as_str(), value.as_str());
        let candidates = self.by_dimension.get(&key).map_or(&[][..], Vec::as_slice);
        let fits = |dimensions: &&&Dimensions| {
            base.iter().all(|(name, value)| dimensions.get(name) == Some(value))
                && entry.further_dimensions.as_ref().is_none_or(|further| {
                    dimensions.len() == base.len() + further.len()
                        && further.iter().all(|name| dimensions.contains_key(name) && !base.contains_key(name))
                })
        };
        candidates.iter().filter(fits).copied().collect()
    }

    /// The dimensions of every series that an entry watches on a resource; `None` where the resource lacks what the
    /// dimensions are made of.
    pub(crate) fn of(
        &self,
        kind: &ResourceType,
        entry: &CatalogueEntry,
        resource: &FoundResource,
    ) -> Option<Vec<Dimensions>> {
        let named = kind.dimensions_of(entry).iter();
        let base: Option<Dimensions> =
            named.map(|(name, value)| Some((name.clone(), fill(value, resource)?))).collect();
        let base = base?;
        Some(match entry.discovery {
            Discovery::Standard => vec![base],
            Discovery::ListMetrics => self.find(entry, &base).into_iter().cloned().collect(),
        })
    }
}
