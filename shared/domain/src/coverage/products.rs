//! Thresholds of a product, for all of its resources.

use crate::catalogue::Catalogue;
use crate::onboarding::FoundResource;
use crate::routing::product;
use crate::routing::{Labels, Product};

/// What a product says that cannot be used on one of its resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadThreshold {
    pub metric: String,
    pub problem: String,
}

/// The product that a resource belongs to; `None` also where no product says anything of thresholds.
pub(super) fn product_of<'a>(products: &'a [Product], resource: &FoundResource) -> Option<&'a Product> {
    // Thousands of resources ask, and most deployments have none.
    if products.iter().all(|product| product.thresholds.is_empty()) {
        return None;
    }
    claiming(products, resource)
}

/// The product that a resource belongs to.
pub(super) fn claiming<'a>(products: &'a [Product], resource: &FoundResource) -> Option<&'a Product> {
    let reference = &resource.reference;
    let labels = Labels::from_iter([
        ("resource_type", &reference.kind),
        ("resource", &reference.id),
        ("account", &reference.account),
        ("region", &reference.region),
    ]);
    product::of(products, &labels.with_tags(&resource.tags))
}

/// What products say of types that the catalogue does not have: no resource could tell it.
pub fn unknown_types(products: &[Product], catalogue: &Catalogue) -> Vec<String> {
    let all = products.iter().flat_map(|product| product.thresholds.keys().map(move |kind| (product, kind)));
    let unknown = all.filter(|(_, kind)| !catalogue.resource_types.contains_key(*kind));
    unknown
        .map(|(product, kind)| format!("products.{}.thresholds: {kind:?} is no type of the catalogue", product.name))
        .collect()
}
