//! The routing table: the products that people name through the API.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use nightjar_domain::routing::product::ProductSpec;

use super::StoreError;
use super::condition::unless_refused;

const PRODUCT: &str = "product";

/// Reads what routing goes by, and writes products.
#[derive(Debug, Clone)]
pub struct RoutingStore {
    client: Client,
    table: String,
}

/// A product as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredProduct {
    pub name: String,
    pub spec: ProductSpec,
    /// Grows by one with every change.
    pub version: u64,
    pub changed_by: String,
    pub changed_at: Timestamp,
}

impl RoutingStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The products, by name.
    pub async fn products(&self) -> Result<Vec<StoredProduct>, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#kind = :kind")
            .expression_attribute_names("#kind", "kind")
            .expression_attribute_values(":kind", AttributeValue::S(PRODUCT.to_owned()))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| StoreError::request(&self.table, &error))?;
            found.push(self.product(&item)?);
        }
        Ok(found)
    }

    pub async fn get(&self, name: &str) -> Result<Option<StoredProduct>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("kind", AttributeValue::S(PRODUCT.to_owned()))
            .key("name", AttributeValue::S(name.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        answer.item.map(|item| self.product(&item)).transpose()
    }

    /// Puts `product` in the place of the version before; version 1 in the place of none. `false`: somebody was faster.
    pub async fn put(&self, product: &StoredProduct) -> Result<bool, StoreError> {
        let spec = serde_json::to_string(&product.spec).map_err(|error| StoreError::item(&self.table, error))?;
        let mut request = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("kind", AttributeValue::S(PRODUCT.to_owned()))
            .item("name", AttributeValue::S(product.name.clone()))
            .item("spec", AttributeValue::S(spec))
            .item("version", AttributeValue::N(product.version.to_string()))
            .item("changed_by", AttributeValue::S(product.changed_by.clone()))
            .item("changed_at", AttributeValue::S(product.changed_at.to_string()));
        request = if product.version <= 1 {
            request.condition_expression("attribute_not_exists(version)")
        } else {
            request
                .condition_expression("version = :before")
                .expression_attribute_values(":before", AttributeValue::N((product.version - 1).to_string()))
        };
        Ok(unless_refused(&self.table, request.send().await)?.is_some())
    }

    /// Removes the product if it still has this version. `false`: somebody was faster.
    pub async fn remove(&self, name: &str, version: u64) -> Result<bool, StoreError> {
        let removed = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("kind", AttributeValue::S(PRODUCT.to_owned()))
            .key("name", AttributeValue::S(name.to_owned()))
            .condition_expression("version = :version")
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()))
            .send()
            .await;
        Ok(unless_refused(&self.table, removed)?.is_some())
    }

    fn product(&self, item: &HashMap<String, AttributeValue>) -> Result<StoredProduct, StoreError> {
        let wrong = |problem: String| StoreError::item(&self.table, problem);
        let name = self.text(item, "name")?;
        let spec = serde_json::from_str(self.text(item, "spec")?);
        let version = item.get("version").and_then(|value| value.as_n().ok()?.parse().ok());
        Ok(StoredProduct {
            name: name.to_owned(),
            spec: spec.map_err(|error| wrong(format!("the product {name}: {error}")))?,
            version: version.ok_or_else(|| wrong(format!("the product {name} has no version")))?,
            changed_by: self.text(item, "changed_by")?.to_owned(),
            changed_at: self
                .text(item, "changed_at")?
                .parse()
                .map_err(|error| wrong(format!("the product {name}: changed_at: {error}")))?,
        })
    }

    fn text<'a>(&self, item: &'a HashMap<String, AttributeValue>, name: &str) -> Result<&'a str, StoreError> {
        let value = item.get(name).and_then(|value| value.as_s().ok());
        value.map(String::as_str).ok_or_else(|| StoreError::item(&self.table, format!("an item without {name}")))
    }
}
