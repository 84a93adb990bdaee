//! The incidents table by status: what is open is few, however many incidents there were.

use aws_sdk_dynamodb::types::{AttributeValue, Select};
use jiff::Timestamp;
use nightjar_domain::incident::{Incident, Status};

use super::StoreError;
use super::incidents::{IncidentStore, is_kept};

const INDEX: &str = "by_status";

impl IncidentStore {
    /// Up to `limit` incidents of one status that were opened since, newest first, and whether there are more.
    pub async fn newest_of(
        &self,
        status: Status,
        since: Timestamp,
        limit: usize,
    ) -> Result<(Vec<Incident>, bool), StoreError> {
        let mut incidents = Vec::new();
        let mut start = None;
        loop {
            // One more than wanted tells whether there are more.
            let page = (limit + 1 - incidents.len()).min(100);
            let answer = self
                .by_status(status, since)
                .scan_index_forward(false)
                .limit(i32::try_from(page).unwrap_or(100))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::request(self.table(), &error))?;
            for item in answer.items.unwrap_or_default().into_iter().filter(is_kept) {
                incidents.push(self.stored(item)?.incident);
            }
            start = answer.last_evaluated_key;
            if incidents.len() > limit || start.is_none() {
                let more = incidents.len() > limit;
                incidents.truncate(limit);
                return Ok((incidents, more));
            }
        }
    }

    /// How many incidents of one status were opened since.
    pub async fn count_of(&self, status: Status, since: Timestamp) -> Result<u64, StoreError> {
        let mut count = 0;
        let mut start = None;
        loop {
            let answer = self
                .by_status(status, since)
                .select(Select::Count)
                .filter_expression("attribute_not_exists(expires_at) OR expires_at > :now")
                .expression_attribute_values(":now", AttributeValue::N(crate::clock::now().as_second().to_string()))
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| StoreError::request(self.table(), &error))?;
            count += u64::try_from(answer.count).unwrap_or_default();
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(count);
            }
        }
    }

    fn by_status(
        &self,
        status: Status,
        since: Timestamp,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.client()
            .query()
            .table_name(self.table())
            .index_name(INDEX)
            .key_condition_expression("#status = :status AND opened_at >= :since")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", AttributeValue::S(status.as_str().to_owned()))
            .expression_attribute_values(":since", AttributeValue::S(since.to_string()))
    }
}
