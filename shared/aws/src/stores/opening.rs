//! A new incident and its fingerprint's place, written together.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use jiff::SignedDuration;
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::Incident;

use super::fingerprints::slot_item;
use super::incidents::new_item;
use super::{FingerprintStore, StoreError};

type Item = HashMap<String, AttributeValue>;

impl FingerprintStore {
    /// Stores a new incident and makes it the one of its fingerprint, both or neither. `previous` is whose place it takes, as it
    /// was read. `false`: somebody else was faster, so read again.
    pub async fn open(
        &self,
        incident: &Incident,
        previous: Option<&IncidentId>,
        retention: SignedDuration,
    ) -> Result<bool, StoreError> {
        let item = new_item(incident, retention).map_err(|error| StoreError::item(&self.incidents, error))?;
        let incidents = Put::builder()
            .table_name(&self.incidents)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(id)")
            .build()
            .map_err(|error| StoreError::item(&self.incidents, error))?;
        let slot = Put::builder()
            .table_name(&self.table)
            .set_item(Some(slot_item(&incident.anomaly.fingerprint(), &incident.id)))
            .condition_expression(match previous {
                None => "attribute_not_exists(fingerprint)",
                Some(_) => "incident = :previous",
            })
            .set_expression_attribute_values(
                previous.map(|id| Item::from([(":previous".to_owned(), AttributeValue::S(id.to_string()))])),
            )
            .build()
            .map_err(|error| StoreError::item(&self.table, error))?;
        let writes = [incidents, slot].map(|put| TransactWriteItem::builder().put(put).build());
        match self.client.transact_write_items().set_transact_items(Some(writes.into())).send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled))
                    if cancelled.cancellation_reasons().iter().any(|reason| {
                        matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict"))
                    }) =>
                {
                    Ok(false)
                }
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }
}
