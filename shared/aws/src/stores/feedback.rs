//! Feedback touches two tables at once: the incident remembers the word, the series' bar moves. Both or neither.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use nightjar_domain::feedback::IncidentFeedback;
use nightjar_domain::incident::Incident;
use nightjar_domain::metric::SeriesId;

use super::StoreError;

/// Writes feedback.
#[derive(Debug, Clone)]
pub struct FeedbackStore {
    client: Client,
    incidents: String,
    series: String,
}

impl FeedbackStore {
    pub fn new(client: Client, incidents: String, series: String) -> Self {
        Self { client, incidents, series }
    }

    /// Stores `feedback` with the incident and `bar` with the series, each over the version that was read. Returns `false` when one
    /// of them has changed since: read again.
    pub async fn give(
        &self,
        incident: &Incident,
        feedback: &IncidentFeedback,
        series: &SeriesId,
        series_version: u64,
        bar: &str,
    ) -> Result<bool, StoreError> {
        let word =
            serde_dynamo::to_attribute_value(feedback).map_err(|error| StoreError::item(&self.incidents, error))?;
        let bar = AttributeValue::S(bar.to_owned());
        let writes = vec![
            Self::update(&self.incidents, ("id", incident.id.as_str()), incident.version, word)?,
            Self::update(&self.series, ("series", series.as_str()), series_version, bar)?,
        ];
        match self.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled))
                    if cancelled.cancellation_reasons().iter().any(|reason| {
                        matches!(reason.code(), Some("ConditionalCheckFailed" | "TransactionConflict"))
                    }) =>
                {
                    Ok(false)
                }
                _ => Err(StoreError::request(&self.incidents, &error)),
            },
        }
    }

    fn update(
        table: &str,
        key: (&str, &str),
        before: u64,
        feedback: AttributeValue,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(table)
            .key(key.0, AttributeValue::S(key.1.to_owned()))
            .update_expression("SET feedback = :feedback, #version = :next")
            .condition_expression("#version = :before")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":feedback", feedback)
            .expression_attribute_values(":before", AttributeValue::N(before.to_string()))
            .expression_attribute_values(":next", AttributeValue::N((before + 1).to_string()))
            .build()
            .map_err(|error| StoreError::item(table, error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
