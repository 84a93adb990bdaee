//! The inventory table: one item per watched resource, by ARN.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use nightjar_domain::resource::Resource;

use super::StoreError;

/// Reads and writes the inventory.
#[derive(Debug, Clone)]
pub struct InventoryStore {
    client: Client,
    table: String,
}

impl InventoryStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Every watched resource.
    pub async fn all(&self) -> Result<Vec<Resource>, StoreError> {
        let mut pages = self.client.scan().table_name(&self.table).into_paginator().items().send();
        let mut resources = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| StoreError::request(&self.table, &error))?;
            resources.push(serde_dynamo::from_item(item).map_err(|error| StoreError::item(&self.table, error))?);
        }
        Ok(resources)
    }

    /// At most `limit` resources after the ARN `after`, and the ARN after which the next page starts.
    pub async fn page(&self, limit: usize, after: Option<&str>) -> Result<(Vec<Resource>, Option<String>), StoreError> {
        let start = after.map(|arn| [("arn".to_owned(), AttributeValue::S(arn.to_owned()))].into());
        let answer = self
            .client
            .scan()
            .table_name(&self.table)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        let next = answer.last_evaluated_key.and_then(|key| key.get("arn")?.as_s().ok().cloned());
        let items = answer.items.unwrap_or_default().into_iter();
        let read = |item| serde_dynamo::from_item(item).map_err(|error| StoreError::item(&self.table, error));
        Ok((items.map(read).collect::<Result<_, _>>()?, next))
    }

    pub async fn get(&self, arn: &str) -> Result<Option<Resource>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("arn", AttributeValue::S(arn.to_owned()))
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        answer
            .item
            .map(|item| serde_dynamo::from_item(item).map_err(|error| StoreError::item(&self.table, error)))
            .transpose()
    }

    pub async fn put(&self, resource: &Resource) -> Result<(), StoreError> {
        let item = serde_dynamo::to_item(resource).map_err(|error| StoreError::item(&self.table, error))?;
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(())
    }

    pub async fn remove(&self, arn: &str) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key("arn", AttributeValue::S(arn.to_owned()))
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(())
    }
}
