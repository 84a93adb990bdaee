//! Lists of incidents, by the table's two indexes: by month, and by resource.

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use nightjar_domain::incident::{Incident, IncidentKind, Status, month_of, months_back};
use nightjar_domain::severity::Severity;
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::incidents::{IncidentStore, Item, is_kept};

/// How many items one query reads where a filter may leave few of them.
const READ_AT_ONCE: usize = 100;

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

impl IncidentStore {
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
        let is_filtered = filter.status.is_some() || filter.severity.is_some() || filter.kind.is_some();
        loop {
            let missing = wanted.saturating_sub(incidents.len());
            let read = if is_filtered { READ_AT_ONCE } else { missing.clamp(1, READ_AT_ONCE) };
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
                .limit(read as i32)
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
