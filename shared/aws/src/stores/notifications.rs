//! The notifications table: one item per notice and channel, so that each goes out once.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::id::NotificationId;

use super::StoreError;

/// Longer than any redelivery: dead letters are kept for 14 days.
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 30);

/// What a delivery of a notice may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Nobody has sent it: send it now.
    Claimed,
    /// It went out.
    AlreadySent,
    /// Another worker may be sending it: come back later.
    InFlight,
}

/// Claims and settles notifications.
#[derive(Debug, Clone)]
pub struct NotificationStore {
    client: Client,
    table: String,
}

impl NotificationStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// Takes the right to send for `lease`. A lease that ended without a word is taken over: a duplicate is better
    /// than a loss.
    pub async fn claim(
        &self,
        id: &NotificationId,
        channel: &str,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Delivery, StoreError> {
        let claimed = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(id.to_string()))
            .update_expression("SET channel = :channel, lease_until = :until, expires_at = :expires")
            .condition_expression(
                "attribute_not_exists(sent_at) AND (attribute_not_exists(lease_until) OR lease_until < :now)",
            )
            .expression_attribute_values(":channel", AttributeValue::S(channel.to_owned()))
            .expression_attribute_values(":now", seconds(now))
            .expression_attribute_values(":until", seconds_after(now, lease))
            .expression_attribute_values(":expires", seconds_after(now, RETENTION))
            .send()
            .await;
        match claimed {
            Ok(_) => Ok(Delivery::Claimed),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => self.look(id).await,
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    async fn look(&self, id: &NotificationId) -> Result<Delivery, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(id.to_string()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        let sent = answer.item.is_some_and(|item| item.contains_key("sent_at"));
        Ok(if sent { Delivery::AlreadySent } else { Delivery::InFlight })
    }

    /// Notes that it went out.
    pub async fn sent(&self, id: &NotificationId, now: Timestamp) -> Result<(), StoreError> {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(id.to_string()))
            .update_expression("SET sent_at = :at REMOVE lease_until")
            .expression_attribute_values(":at", AttributeValue::S(now.to_string()))
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(())
    }

    /// Gives the claim back, so that the next attempt need not wait for the lease.
    pub async fn release(&self, id: &NotificationId) -> Result<(), StoreError> {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("id", AttributeValue::S(id.to_string()))
            .update_expression("REMOVE lease_until")
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(())
    }
}

fn seconds(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_second().to_string())
}

fn seconds_after(at: Timestamp, duration: SignedDuration) -> AttributeValue {
    AttributeValue::N((at.as_second() + duration.as_secs()).to_string())
}
