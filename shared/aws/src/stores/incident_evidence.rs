//! Changes of an incident that is there: over the version they were made from, so that none is lost.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::Incident;
use serde::Serialize;

use super::{IncidentStore, StoreError, StoredIncident};

/// Tries to resolve an incident that others change at the same moment.
const RESOLVE_ATTEMPTS: u32 = 5;

impl IncidentStore {
    /// Stores what joined evidence or lasting calm made of an incident. `false`: it is no longer at the version before, because
    /// somebody else changed it.
    pub async fn save(&self, incident: &Incident) -> Result<bool, StoreError> {
        let number = |number: u64| AttributeValue::N(number.to_string());
        let changed = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(incident.id.to_string()))
            .update_expression(
                "SET #status = :status, severity = :severity, escalation = :escalation, timeline = :timeline, \
                 #sources = :sources, finding = :finding, looked_at = :looked_at, #version = :version",
            )
            .condition_expression("#version = :before")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#sources", "sources")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":status", self.value(&incident.status)?)
            .expression_attribute_values(":severity", self.value(&incident.severity)?)
            .expression_attribute_values(":escalation", self.value(&incident.escalation)?)
            .expression_attribute_values(":timeline", self.value(&incident.timeline)?)
            .expression_attribute_values(":sources", self.value(&incident.sources)?)
            .expression_attribute_values(":finding", self.value(&incident.finding)?)
            .expression_attribute_values(":looked_at", self.value(&incident.looked_at)?)
            .expression_attribute_values(":version", number(incident.version))
            .expression_attribute_values(":before", number(incident.version.saturating_sub(1)))
            .send()
            .await;
        match changed {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    /// Resolves the incident, with who and why in its timeline; one that is resolved or gone is left as it is.
    pub async fn resolve(&self, id: &IncidentId, by: &str, why: &str, now: Timestamp) -> Result<(), StoreError> {
        for _ in 0..RESOLVE_ATTEMPTS {
            let Some(StoredIncident { incident, .. }) = self.get(id).await? else { return Ok(()) };
            let Some(over) = incident.over(why, by, now) else { return Ok(()) };
            if self.save(&over).await? {
                return Ok(());
            }
        }
        Err(StoreError::Contended { table: self.table.clone(), attempts: RESOLVE_ATTEMPTS })
    }

    fn value(&self, part: &impl Serialize) -> Result<AttributeValue, StoreError> {
        serde_dynamo::to_attribute_value(part).map_err(|error| StoreError::item(&self.table, error))
    }
}
