//! The coverage table: one item per resource, by ARN, and one with the whole.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use nightjar_domain::coverage::ResourceCoverage;
use nightjar_domain::coverage::plan::{Money, QuotaUse};
use nightjar_domain::coverage::report::CoverageSummary;
use serde::{Deserialize, Serialize};

use super::StoreError;

/// Stands where the others have an ARN.
const WHOLE: &str = "whole";

/// Reads and writes what is covered.
#[derive(Debug, Clone)]
pub struct CoverageStore {
    client: Client,
    table: String,
}

/// The whole, as of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CoverageWhole {
    pub at: Timestamp,
    /// `off`, `plan` or `apply`.
    pub mode: String,
    #[serde(flatten)]
    pub summary: CoverageSummary,
    pub usd_a_month: Money,
    pub quota: QuotaUse,
}

/// Everything that is stored.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Coverage {
    /// `None` before the first run.
    pub whole: Option<CoverageWhole>,
    pub resources: BTreeMap<String, ResourceCoverage>,
}

impl CoverageStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    pub async fn all(&self) -> Result<Coverage, StoreError> {
        let mut pages = self.client.scan().table_name(&self.table).into_paginator().items().send();
        let mut coverage = Coverage::default();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| StoreError::request(&self.table, &error))?;
            let arn = item.get("arn").and_then(|arn| arn.as_s().ok()).cloned().unwrap_or_default();
            let document = item.get("document").and_then(|document| document.as_s().ok());
            let document = document.ok_or_else(|| StoreError::item(&self.table, "it has no document"))?;
            if arn == WHOLE {
                coverage.whole = Some(self.read(document)?);
            } else {
                coverage.resources.insert(arn, self.read(document)?);
            }
        }
        Ok(coverage)
    }

    fn read<T: serde::de::DeserializeOwned>(&self, document: &str) -> Result<T, StoreError> {
        serde_json::from_str(document).map_err(|error| StoreError::item(&self.table, error))
    }

    pub async fn put(&self, resource: &ResourceCoverage) -> Result<(), StoreError> {
        self.write(&resource.resource.arn, resource).await
    }

    pub async fn put_whole(&self, whole: &CoverageWhole) -> Result<(), StoreError> {
        self.write(WHOLE, whole).await
    }

    async fn write(&self, key: &str, value: &impl Serialize) -> Result<(), StoreError> {
        let document = serde_json::to_string(value).map_err(|error| StoreError::item(&self.table, error))?;
        let item = HashMap::from([
            ("arn".to_owned(), AttributeValue::S(key.to_owned())),
            ("document".to_owned(), AttributeValue::S(document)),
        ]);
        let answer = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        answer.map(drop).map_err(|error| StoreError::request(&self.table, &error))
    }

    pub async fn remove(&self, arn: &str) -> Result<(), StoreError> {
        let request = self.client.delete_item().table_name(&self.table).key("arn", AttributeValue::S(arn.to_owned()));
        request.send().await.map(drop).map_err(|error| StoreError::request(&self.table, &error))
    }
}
