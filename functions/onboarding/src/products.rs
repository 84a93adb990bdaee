//! The products that are in force: those of the document, and those that people named through the API.

use jiff::Timestamp;
use nightjar_aws::config::ConfigReader;
use nightjar_aws::stores::RoutingStore;
use nightjar_domain::configuration::Document;
use nightjar_domain::routing::{Product, Routes, product};

/// Where products come from.
#[derive(Debug, Clone)]
pub struct Products {
    of_document: Vec<Product>,
    /// `None` where people cannot name any.
    named: Option<RoutingStore>,
}

impl Products {
    /// With those that ship, until others are published.
    pub fn new(named: Option<RoutingStore>) -> anyhow::Result<Self> {
        Ok(Self { of_document: product::parse(Routes::BUNDLED_PRODUCTS)?, named })
    }

    /// All of them, as they are now. One that was named takes the place of the document's of the same name, as it does where alerts
    /// are routed.
    pub async fn in_force(&mut self, config: &mut ConfigReader, now: Timestamp) -> anyhow::Result<Vec<Product>> {
        if let Some(published) = config.newer(Document::Products, now, product::parse).await? {
            self.of_document = published.value;
        }
        let mut products = self.of_document.clone();
        let Some(store) = &self.named else { return Ok(products) };
        for named in store.products().await? {
            match named.spec.check(&named.name) {
                Ok(checked) => {
                    products.retain(|known| known.name != checked.name);
                    products.push(checked);
                }
                Err(problems) => {
                    tracing::error!(product = named.name, problems = problems.join("; "), "the product is left out");
                }
            }
        }
        Ok(products)
    }
}
