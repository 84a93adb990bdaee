//! The models table: under `pointer` one small item per scope, under `artifact#<scope>` every version as it was trained.
//!
//! An artifact is about 180 KiB, less than half of what an item may have: S3 would be one more SDK in each function for nothing.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::models::{ModelName, ModelScope, Pointer};
use serde_json::Value;

use super::StoreError;

type Item = HashMap<String, AttributeValue>;

const POINTER: &str = "pointer";
/// How long a version is kept that is neither a scope's current one nor the one before it.
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Every pointer that could be read, and what is wrong with the others.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pointers {
    pub known: BTreeMap<ModelScope, Pointer>,
    pub unreadable: Vec<String>,
}

/// Reads and writes trained models.
#[derive(Debug, Clone)]
pub struct ModelStore {
    client: Client,
    table: String,
}

impl ModelStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Every scope's pointer, in one read.
    pub async fn pointers(&self) -> Result<Pointers, StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("kind = :kind")
            .expression_attribute_values(":kind", AttributeValue::S(POINTER.to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut pointers = Pointers::default();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| StoreError::request(&self.table, &error))?;
            match self.parse_pointer(&item) {
                Ok(pointer) => {
                    pointers.known.insert(pointer.scope.clone(), pointer);
                }
                Err(error) => pointers.unreadable.push(error.to_string()),
            }
        }
        Ok(pointers)
    }

    /// One scope's pointer; a new one where there is none.
    pub async fn pointer(&self, scope: &ModelScope) -> Result<Pointer, StoreError> {
        match self.item(POINTER, &scope.to_string()).await? {
            Some(item) => self.parse_pointer(&item),
            None => Ok(Pointer::new(scope.clone())),
        }
    }

    /// The bytes of a version; `None` when it is not, or no longer, stored.
    pub async fn artifact(&self, scope: &ModelScope, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(mut item) = self.item(&artifacts_of(scope), sha256).await? else { return Ok(None) };
        match item.remove("artifact") {
            Some(AttributeValue::B(bytes)) => Ok(Some(bytes.into_inner())),
            _ => Err(StoreError::item(&self.table, "the attribute artifact is missing or malformed")),
        }
    }

    /// Stores a version if it is not there yet. It expires unless a pointer takes it up.
    pub async fn put_artifact(
        &self,
        scope: &ModelScope,
        model: &ModelName,
        artifact: Vec<u8>,
        provenance: &Value,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let written = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("kind", AttributeValue::S(artifacts_of(scope)))
            .item("name", AttributeValue::S(model.sha256.clone()))
            .item("version", AttributeValue::S(model.version.clone()))
            .item("artifact", AttributeValue::B(Blob::new(artifact)))
            .item("provenance", AttributeValue::S(provenance.to_string()))
            .item("stored_at", AttributeValue::S(now.to_string()))
            .item("expires_at", expiry(now))
            .condition_expression("attribute_not_exists(kind)")
            .send()
            .await;
        match written {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    /// Writes the pointer that follows revision `pointer.revision - 1`. With `take_up`, that version must be stored, and stays for
    /// good. Returns `false` when another writer was faster. Versions that the pointer names no more are given an end.
    pub async fn move_pointer(
        &self,
        pointer: &Pointer,
        take_up: Option<&ModelName>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut writes = vec![self.put_pointer(pointer)?];
        if let Some(model) = take_up {
            writes.push(self.keep(&pointer.scope, &model.sha256)?);
        }
        match self.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => {
                if take_up.is_some() {
                    self.let_others_expire(pointer, now).await?;
                }
                Ok(true)
            }
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    let lost =
                        |code: Option<&str>| matches!(code, Some("ConditionalCheckFailed" | "TransactionConflict"));
                    let reasons = cancelled.cancellation_reasons();
                    if reasons.first().is_some_and(|reason| lost(reason.code())) {
                        return Ok(false);
                    }
                    if reasons.iter().any(|reason| reason.code() == Some("ConditionalCheckFailed")) {
                        let problem = format!("the version that {} would get is not stored any more", pointer.scope);
                        return Err(StoreError::item(&self.table, problem));
                    }
                    Err(StoreError::request(&self.table, &error))
                }
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    fn put_pointer(&self, pointer: &Pointer) -> Result<TransactWriteItem, StoreError> {
        let json = serde_json::to_string(pointer).map_err(|error| StoreError::item(&self.table, error))?;
        let before = pointer.revision.saturating_sub(1);
        let put = Put::builder()
            .table_name(&self.table)
            .item("kind", AttributeValue::S(POINTER.to_owned()))
            .item("name", AttributeValue::S(pointer.scope.to_string()))
            .item("pointer", AttributeValue::S(json))
            .item("revision", AttributeValue::N(pointer.revision.to_string()));
        let put = if before == 0 {
            put.condition_expression("attribute_not_exists(kind)")
        } else {
            put.condition_expression("revision = :before")
                .expression_attribute_values(":before", AttributeValue::N(before.to_string()))
        };
        let put = put.build().map_err(|error| StoreError::item(&self.table, error))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    fn keep(&self, scope: &ModelScope, sha256: &str) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key("kind", AttributeValue::S(artifacts_of(scope)))
            .key("name", AttributeValue::S(sha256.to_owned()))
            .update_expression("REMOVE expires_at")
            .condition_expression("attribute_exists(kind)")
            .build()
            .map_err(|error| StoreError::item(&self.table, error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Looks at all versions of the scope, so that what an earlier crash left behind ends as well.
    async fn let_others_expire(&self, pointer: &Pointer, now: Timestamp) -> Result<(), StoreError> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("kind = :kind")
            .filter_expression("attribute_not_exists(expires_at)")
            .projection_expression("#name")
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":kind", AttributeValue::S(artifacts_of(&pointer.scope)))
            .into_paginator()
            .items()
            .send();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| StoreError::request(&self.table, &error))?;
            let Some(AttributeValue::S(sha256)) = item.get("name") else { continue };
            if pointer.kept().any(|model| model.sha256 == *sha256) {
                continue;
            }
            let ended = self
                .client
                .update_item()
                .table_name(&self.table)
                .key("kind", AttributeValue::S(artifacts_of(&pointer.scope)))
                .key("name", AttributeValue::S(sha256.clone()))
                .update_expression("SET expires_at = :at")
                .condition_expression("attribute_exists(kind)")
                .expression_attribute_values(":at", expiry(now))
                .send()
                .await;
            match ended {
                Ok(_) => {}
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(_)) => {}
                    _ => return Err(StoreError::request(&self.table, &error)),
                },
            }
        }
        Ok(())
    }

    async fn item(&self, kind: &str, name: &str) -> Result<Option<Item>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("kind", AttributeValue::S(kind.to_owned()))
            .key("name", AttributeValue::S(name.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(answer.item)
    }

    fn parse_pointer(&self, item: &Item) -> Result<Pointer, StoreError> {
        let text = item
            .get("pointer")
            .and_then(|value| value.as_s().ok())
            .ok_or_else(|| StoreError::item(&self.table, "the attribute pointer is missing or malformed"))?;
        serde_json::from_str(text).map_err(|error| StoreError::item(&self.table, error))
    }
}

fn artifacts_of(scope: &ModelScope) -> String {
    format!("artifact#{scope}")
}

fn expiry(now: Timestamp) -> AttributeValue {
    AttributeValue::N((now.as_second() + RETENTION.as_secs()).to_string())
}
