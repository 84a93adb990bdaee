//! The fingerprints table: which incident a kind of trouble belongs to while it lasts. What makes one incident of many anomalies
//! that come at the same moment.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use nightjar_domain::id::{Fingerprint, IncidentId};
use nightjar_domain::recovery::FLAP_MEMORY;

use super::StoreError;

type Item = HashMap<String, AttributeValue>;

/// The newest incident of a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    pub fingerprint: Fingerprint,
    pub incident: IncidentId,
    /// When it was seen that the incident is over, and everybody was told.
    pub closed_at: Option<Timestamp>,
}

/// Reads and writes slots.
#[derive(Debug, Clone)]
pub struct FingerprintStore {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) incidents: String,
}

impl FingerprintStore {
    pub fn new(client: Client, table: String, incidents: String) -> Self {
        Self { client, table, incidents }
    }

    pub async fn get(&self, fingerprint: &Fingerprint) -> Result<Option<Slot>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("fingerprint", AttributeValue::S(fingerprint.to_string()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        answer.item.map(|item| self.slot(&item)).transpose()
    }

    /// Makes an incident that evidence of another fingerprint joined the one of that fingerprint too, unless an open one has it.
    pub async fn point(&self, fingerprint: &Fingerprint, incident: &IncidentId) -> Result<(), StoreError> {
        let written = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(slot_item(fingerprint, incident)))
            .condition_expression("attribute_not_exists(fingerprint) OR attribute_exists(closed_at)")
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

    /// Every slot whose incident is not known to be over.
    pub async fn unfinished(&self) -> Result<Vec<Slot>, StoreError> {
        let mut pages = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression("attribute_not_exists(closed_at)")
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut slots = Vec::new();
        while let Some(item) = pages.next().await {
            slots.push(self.slot(&item.map_err(|error| StoreError::request(&self.table, &error))?)?);
        }
        Ok(slots)
    }

    /// Notes that the slot's incident is over and told. It is remembered for a while, so that trouble which comes back is known
    /// to flap. A slot that has gone to another incident stays.
    pub async fn close(&self, slot: &Slot, now: Timestamp) -> Result<(), StoreError> {
        let expires_at = now.as_second() + FLAP_MEMORY.as_secs();
        let closed = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("fingerprint", AttributeValue::S(slot.fingerprint.to_string()))
            .update_expression("SET closed_at = :now, expires_at = :end")
            .condition_expression("incident = :incident")
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .expression_attribute_values(":end", AttributeValue::N(expires_at.to_string()))
            .expression_attribute_values(":incident", AttributeValue::S(slot.incident.to_string()))
            .send()
            .await;
        match closed {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    fn slot(&self, item: &Item) -> Result<Slot, StoreError> {
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        let (Some(fingerprint), Some(incident)) = (text("fingerprint"), text("incident")) else {
            return Err(StoreError::item(&self.table, "the attribute fingerprint or incident is missing"));
        };
        Ok(Slot {
            fingerprint: Fingerprint::from_existing(fingerprint),
            incident: IncidentId::from_existing(incident),
            closed_at: text("closed_at").and_then(|text| text.parse().ok()),
        })
    }
}

pub(super) fn slot_item(fingerprint: &Fingerprint, incident: &IncidentId) -> Item {
    Item::from([
        ("fingerprint".to_owned(), AttributeValue::S(fingerprint.to_string())),
        ("incident".to_owned(), AttributeValue::S(incident.to_string())),
    ])
}
