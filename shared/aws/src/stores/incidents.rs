//! The incidents table, and its two indexes: by month, and by resource.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::id::IncidentId;
use nightjar_domain::incident::{Incident, IncidentKind, Status, month_of, months_back};
use nightjar_domain::severity::Severity;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::clock;

type Item = HashMap<String, AttributeValue>;

/// How many items one query reads before the filter is applied.
const READ_AT_ONCE: i32 = 100;

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

/// What a list is narrowed to.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentFilter {
    pub status: Option<Status>,
    pub severity: Option<Severity>,
    /// A resource's short id, such as `i-0abc…`.
    pub resource_id: Option<String>,
    pub kind: Option<IncidentKind>,
    /// Opened at this instant or later.
    pub since: Timestamp,
    /// Opened at this instant or earlier.
    pub until: Timestamp,
}

/// One page of a list, newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentPage {
    pub incidents: Vec<Incident>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Cursor>,
}

/// The place of the last incident that was handed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    month: String,
    opened_at: String,
    id: String,
}

impl Cursor {
    /// The text that clients hand back; its content is not theirs to read.
    pub fn encode(&self) -> String {
        let text = format!("{}\n{}\n{}", self.month, self.opened_at, self.id);
        URL_SAFE_NO_PAD.encode(text)
    }

    /// `None` for a text that no page ever ended with.
    pub fn decode(text: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let mut parts = text.split('\n').map(str::to_owned);
        let cursor = Self { month: parts.next()?, opened_at: parts.next()?, id: parts.next()? };
        (parts.next().is_none() && cursor.opened_at.parse::<Timestamp>().is_ok()).then_some(cursor)
    }

    /// Whether a list with this `filter` can have ended here. DynamoDB refuses to start anywhere else.
    pub fn lies_within(&self, filter: &IncidentFilter) -> bool {
        self.opened_at.parse::<Timestamp>().is_ok_and(|at| {
            at.to_string() == self.opened_at
                && month_of(at) == self.month
                && !self.id.is_empty()
                && (filter.since..=filter.until).contains(&at)
        })
    }

    fn after(incident: &Incident) -> Self {
        Self { month: incident.month(), opened_at: incident.opened_at.to_string(), id: incident.id.to_string() }
    }
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

    /// Up to `limit` incidents after `cursor`, newest first.
    pub async fn list(
        &self,
        filter: &IncidentFilter,
        limit: usize,
        cursor: Option<&Cursor>,
    ) -> Result<IncidentPage, StoreError> {
        let partitions: Vec<String> = if let Some(resource) = &filter.resource_id {
            vec![resource.clone()]
        } else {
            let start = cursor.map(|cursor| cursor.month.as_str());
            let months = months_back(filter.since, filter.until).into_iter();
            months.skip_while(|month| start.is_some_and(|start| month.as_str() > start)).collect()
        };
        let mut incidents = Vec::new();
        let mut start = cursor.map(|cursor| start_key(cursor, filter));
        for partition in partitions {
            // One more than asked for tells whether there is a next page.
            self.query_into(&mut incidents, filter, &partition, start.take(), limit + 1).await?;
            if incidents.len() > limit {
                incidents.truncate(limit);
                let next = incidents.last().map(Cursor::after);
                return Ok(IncidentPage { incidents, next });
            }
        }
        Ok(IncidentPage { incidents, next: None })
    }

    /// Reads one partition of an index until `wanted` incidents are there or it ends.
    async fn query_into(
        &self,
        incidents: &mut Vec<Incident>,
        filter: &IncidentFilter,
        partition: &str,
        mut start: Option<Item>,
        wanted: usize,
    ) -> Result<(), StoreError> {
        let (index, key) =
            if filter.resource_id.is_some() { ("by_resource", "resource_id") } else { ("by_month", "month") };
        loop {
            let mut query = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(index)
                .key_condition_expression("#partition = :partition AND opened_at BETWEEN :since AND :until")
                .expression_attribute_names("#partition", key)
                .expression_attribute_values(":partition", AttributeValue::S(partition.to_owned()))
                .expression_attribute_values(":since", AttributeValue::S(filter.since.to_string()))
                .expression_attribute_values(":until", AttributeValue::S(filter.until.to_string()))
                .scan_index_forward(false)
                .limit(READ_AT_ONCE)
                .set_exclusive_start_key(start);
            let mut conditions = Vec::new();
            if let Some(status) = filter.status {
                conditions.push("#status = :status");
                query = query
                    .expression_attribute_names("#status", "status")
                    .expression_attribute_values(":status", AttributeValue::S(status.as_str().to_owned()));
            }
            if let Some(severity) = filter.severity {
                conditions.push("severity = :severity");
                query = query.expression_attribute_values(":severity", AttributeValue::S(severity.as_str().to_owned()));
            }
            if let Some(kind) = filter.kind {
                // What was stored before there were kinds is about an anomaly.
                let anomaly = "(attribute_not_exists(kind) OR kind = :kind)";
                conditions.push(if kind == IncidentKind::Anomaly { anomaly } else { "kind = :kind" });
                query = query.expression_attribute_values(":kind", AttributeValue::S(kind.as_str().to_owned()));
            }
            if !conditions.is_empty() {
                query = query.filter_expression(conditions.join(" AND "));
            }
            let answer = query.send().await.map_err(|error| StoreError::request(&self.table, &error))?;
            for item in answer.items.unwrap_or_default().into_iter().filter(is_kept) {
                incidents.push(self.stored(item)?.incident);
                if incidents.len() >= wanted {
                    return Ok(());
                }
            }
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(());
            }
        }
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

/// The key of an index is its own key and the table's.
fn start_key(cursor: &Cursor, filter: &IncidentFilter) -> Item {
    let mut key = Item::from([
        ("id".to_owned(), AttributeValue::S(cursor.id.clone())),
        ("opened_at".to_owned(), AttributeValue::S(cursor.opened_at.clone())),
    ]);
    match &filter.resource_id {
        Some(resource) => key.insert("resource_id".to_owned(), AttributeValue::S(resource.clone())),
        None => key.insert("month".to_owned(), AttributeValue::S(cursor.month.clone())),
    };
    key
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

    #[test]
    fn a_cursor_survives_the_trip_and_nonsense_does_not_pass() {
        let cursor = Cursor {
            month: "2026-11".to_owned(),
            opened_at: "2026-11-21T10:00:00Z".to_owned(),
            id: "inc_1".to_owned(),
        };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        for nonsense in ["", "%%%", "YWJj", &URL_SAFE_NO_PAD.encode("a\nb\nc")] {
            assert_eq!(Cursor::decode(nonsense), None, "{nonsense}");
        }
    }
}
