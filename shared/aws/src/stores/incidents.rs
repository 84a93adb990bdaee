//! The incidents table.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::Incident;

use super::StoreError;
use crate::clock;

pub(super) type Item = HashMap<String, AttributeValue>;

/// An incident as stored, with whether it has gone out.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredIncident {
    pub incident: Incident,
    pub published_at: Option<Timestamp>,
}

/// Who publishes an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publication {
    /// This delivery: publish now.
    Claimed,
    /// It has gone out.
    Done,
    /// Another delivery may be publishing it: come back later.
    InFlight,
}

/// Reads and writes incidents.
#[derive(Debug, Clone)]
pub struct IncidentStore {
    pub(super) client: Client,
    pub(super) table: String,
}

impl IncidentStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Stores a new incident and returns it, or returns the one that is already there: what is published next is
    /// always what is stored.
    pub async fn put_if_absent(
        &self,
        incident: &Incident,
        retention: SignedDuration,
    ) -> Result<StoredIncident, StoreError> {
        let item = new_item(incident, retention).map_err(|error| StoreError::item(&self.table, error))?;
        let written = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(id) OR expires_at <= :now")
            .expression_attribute_values(":now", AttributeValue::N(clock::now().as_second().to_string()))
            .send()
            .await;
        match written {
            Ok(_) => Ok(StoredIncident { incident: incident.clone(), published_at: None }),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => {
                    self.get(&incident.id).await?.ok_or_else(|| {
                        StoreError::item(&self.table, format!("{} vanished while it was read", incident.id))
                    })
                }
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    pub async fn get(&self, id: &IncidentId) -> Result<Option<StoredIncident>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(id.to_string()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        answer.item.filter(is_kept).map(|item| self.stored(item)).transpose()
    }

    /// Stores what a story that went on made of its incident. With `told_again`, it counts as not published. `false`: it is no
    /// longer at the version before, because somebody else changed it.
    pub async fn grow(&self, incident: &Incident, told_again: bool) -> Result<bool, StoreError> {
        let set =
            ["title", "status", "severity", "anomaly", "finding", "escalation", "timeline", "security", "version"];
        let mut item: Item = serde_dynamo::to_item(incident).map_err(|error| StoreError::item(&self.table, error))?;
        let assignments: Vec<String> = set.iter().map(|name| format!("#{name} = :{name}")).collect();
        let forget = if told_again { " REMOVE published_at, publishing_until" } else { "" };
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(incident.id.to_string()))
            .update_expression(format!("SET {}{forget}", assignments.join(", ")))
            .condition_expression("#version = :before")
            .expression_attribute_values(":before", AttributeValue::N(incident.version.saturating_sub(1).to_string()));
        for name in set {
            let value = item.remove(name).ok_or_else(|| StoreError::item(&self.table, format!("{name} is missing")))?;
            update = update
                .expression_attribute_names(format!("#{name}"), name)
                .expression_attribute_values(format!(":{name}"), value);
        }
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    /// Takes the right to publish for `lease`, so that deliveries at the same moment publish once. A lease that ended
    /// without a word is taken over: a duplicate is better than a loss.
    pub async fn claim_publication(
        &self,
        id: &IncidentId,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Publication, StoreError> {
        let claimed = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(id.to_string()))
            .update_expression("SET publishing_until = :until")
            .condition_expression(
                "attribute_exists(id) AND attribute_not_exists(published_at) \
                 AND (attribute_not_exists(publishing_until) OR publishing_until < :now)",
            )
            .expression_attribute_values(":now", AttributeValue::N(now.as_second().to_string()))
            .expression_attribute_values(":until", AttributeValue::N((now.as_second() + lease.as_secs()).to_string()))
            .return_values(ReturnValue::UpdatedOld)
            .send()
            .await;
        match claimed {
            Ok(before) => {
                if before.attributes().is_some_and(|old| old.contains_key("publishing_until")) {
                    tracing::warn!(incident = %id, "takes over telling people: they may hear it twice");
                }
                Ok(Publication::Claimed)
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => {
                    let published = self.get(id).await?.is_some_and(|stored| stored.published_at.is_some());
                    Ok(if published { Publication::Done } else { Publication::InFlight })
                }
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    /// Stores what a change of status or of its assignee made of an incident. `false`: it is no longer at the version before, because somebody
    /// else changed it.
    pub async fn change(&self, incident: &Incident) -> Result<bool, StoreError> {
        let timeline = serde_dynamo::to_attribute_value(&incident.timeline)
            .map_err(|error| StoreError::item(&self.table, error))?;
        let number = |number: u64| AttributeValue::N(number.to_string());
        let mut update =
            self.client.update_item().table_name(&self.table).key("id", AttributeValue::S(incident.id.to_string()));
        let mut expression = "SET #status = :status, timeline = :timeline, version = :version".to_owned();
        if let Some(assignee) = &incident.assignee {
            expression.push_str(", assignee = :assignee");
            update = update.expression_attribute_values(":assignee", AttributeValue::S(assignee.clone()));
        }
        let changed = update
            .update_expression(expression)
            .condition_expression("version = :before")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", AttributeValue::S(incident.status.as_str().to_owned()))
            .expression_attribute_values(":timeline", timeline)
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

    /// Notes that the incident has gone out, so that a redelivery does not send it again.
    pub async fn mark_published(&self, id: &IncidentId, at: Timestamp) -> Result<(), StoreError> {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(id.to_string()))
            .update_expression("SET published_at = if_not_exists(published_at, :at)")
            .condition_expression("attribute_exists(id)")
            .expression_attribute_values(":at", AttributeValue::S(at.to_string()))
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(())
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn table(&self) -> &str {
        &self.table
    }

    pub(super) fn stored(&self, item: Item) -> Result<StoredIncident, StoreError> {
        let published_at = item.get("published_at").and_then(|value| value.as_s().ok()?.parse().ok());
        let incident = serde_dynamo::from_item(item).map_err(|error| StoreError::item(&self.table, error))?;
        Ok(StoredIncident { incident, published_at })
    }
}

/// Whether an item's time has not ended: DynamoDB removes what has expired within days, not at once.
pub(super) fn is_kept(item: &Item) -> bool {
    let expires_at = item.get("expires_at").and_then(|value| value.as_n().ok()?.parse::<i64>().ok());
    expires_at.is_none_or(|at| at > clock::now().as_second())
}

/// An incident with the keys of the table's indexes and the time of its end.
pub(super) fn new_item(incident: &Incident, retention: SignedDuration) -> Result<Item, serde_dynamo::Error> {
    let mut item: Item = serde_dynamo::to_item(incident)?;
    let expires_at = incident.opened_at.as_second() + retention.as_secs();
    item.insert("month".to_owned(), AttributeValue::S(incident.month()));
    item.insert("resource_id".to_owned(), AttributeValue::S(incident.anomaly.resource.id.clone()));
    item.insert("expires_at".to_owned(), AttributeValue::N(expires_at.to_string()));
    Ok(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_expired_is_gone() {
        for (seconds, kept) in [(Some(-1), false), (Some(60), true), (None, true)] {
            let expiry = seconds.map(|seconds| AttributeValue::N((clock::now().as_second() + seconds).to_string()));
            let item: Item = expiry.into_iter().map(|expiry| ("expires_at".to_owned(), expiry)).collect();
            assert_eq!(is_kept(&item), kept, "{seconds:?}");
        }
    }
}
