//! What is known of a channel: how much it was sent, whether it is closed, and where its threads begin.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::id::GroupId;
use nightjar_domain::routing::held::Thread;
use nightjar_domain::routing::rate_limit::Window;

use super::{AlertGroupStore, Disabled, StoreError, THREAD, expires, instant, second, text, unless_refused};

impl AlertGroupStore {
    /// Counts a notification in a window of a channel's rate limit. `false`: the limit is reached.
    pub async fn count(&self, destination: &str, window: Window, limit: u32) -> Result<bool, StoreError> {
        let counted = self
            .update(&format!("channel#{destination}"), &format!("window#{}", window.starts_at))
            .update_expression("SET expires_at = :expires ADD sent :one")
            .condition_expression("attribute_not_exists(sent) OR sent < :limit")
            .expression_attribute_values(":expires", second(window.ends_at + SignedDuration::from_hours(24)))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .expression_attribute_values(":limit", AttributeValue::N(limit.to_string()))
            .send()
            .await;
        Ok(unless_refused(&self.table, counted)?.is_some())
    }

    /// Whether the other side has closed the channel.
    pub async fn disabled(&self, destination: &str) -> Result<Option<Disabled>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("group", AttributeValue::S(format!("channel#{destination}")))
            .key("item", AttributeValue::S("#disabled".to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        let item = answer.item.as_ref();
        Ok(instant(item, "since").map(|since| Disabled {
            destination: destination.to_owned(),
            since,
            because: text(item, "because").unwrap_or_default().to_owned(),
        }))
    }

    /// Notes that the other side has closed the channel, until [`AlertGroupStore::enable`].
    pub async fn disable(&self, disabled: &Disabled) -> Result<(), StoreError> {
        self.update(&format!("channel#{}", disabled.destination), "#disabled")
            .update_expression("SET #since = if_not_exists(#since, :since), because = :because")
            .expression_attribute_names("#since", "since")
            .expression_attribute_values(":since", AttributeValue::S(disabled.since.to_string()))
            .expression_attribute_values(":because", AttributeValue::S(disabled.because.clone()))
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(())
    }

    /// Opens a channel again.
    pub async fn enable(&self, destination: &str) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.table)
            .key("group", AttributeValue::S(format!("channel#{destination}")))
            .key("item", AttributeValue::S("#disabled".to_owned()))
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(())
    }

    /// The first message that the group's channel was sent, for those that refer to it.
    pub async fn thread(&self, group: &GroupId) -> Result<Option<Thread>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("group", AttributeValue::S(group.to_string()))
            .key("item", AttributeValue::S(THREAD.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        text(answer.item.as_ref(), "thread").map(|json| self.parsed(json)).transpose()
    }

    /// Remembers the first message. A newer one takes the place of an older one.
    pub async fn keep_thread(&self, group: &GroupId, thread: &Thread, now: Timestamp) -> Result<(), StoreError> {
        self.update(group.as_str(), THREAD)
            .update_expression("SET thread = :thread, expires_at = :expires")
            .expression_attribute_values(":thread", AttributeValue::S(self.json(thread)?))
            .expression_attribute_values(":expires", expires(now))
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(())
    }
}
