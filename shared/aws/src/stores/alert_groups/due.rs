//! When a group is looked at.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::Timestamp;
use nightjar_domain::id::GroupId;
use nightjar_domain::routing::{Group, Member, Silence};

use super::{ACTIVE, AlertGroupStore, HEADER, SHARD, StoreError, expires, instant, text, unless_refused};

impl AlertGroupStore {
    /// Counts an arrival, and makes sure that the group is looked at when `due` says, given when it was last looked at.
    pub async fn arrive(
        &self,
        group: &Group,
        now: Timestamp,
        due: &dyn Fn(Option<Timestamp>) -> Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let answer = self
            .update(group.id.as_str(), HEADER)
            .update_expression("SET #group_json = :group, expires_at = :expires ADD arrivals :one")
            .expression_attribute_names("#group_json", "group_json")
            .expression_attribute_values(":group", AttributeValue::S(self.json(group)?))
            .expression_attribute_values(":expires", expires(now))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        let due_at = due(instant(answer.attributes.as_ref(), "last_flush_at"));
        self.bring_forward(&group.id, due_at).await?;
        Ok(due_at)
    }

    /// Makes the group due at `at`, unless it is due earlier.
    async fn bring_forward(&self, group: &GroupId, at: Timestamp) -> Result<(), StoreError> {
        let moved = self
            .update(group.as_str(), HEADER)
            .update_expression("SET due_at = :due, #shard = :shard")
            .condition_expression("attribute_not_exists(due_at) OR due_at > :due")
            .expression_attribute_names("#shard", "shard")
            .expression_attribute_values(":due", AttributeValue::S(at.to_string()))
            .expression_attribute_values(":shard", AttributeValue::S(SHARD.to_owned()))
            .send()
            .await;
        unless_refused(&self.table, moved).map(drop)
    }

    /// The group's description; `None` if nothing has ever arrived in it.
    pub async fn group(&self, id: &GroupId) -> Result<Option<Group>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("group", AttributeValue::S(id.to_string()))
            .key("item", AttributeValue::S(HEADER.to_owned()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        text(answer.item.as_ref(), "group_json").map(|json| self.parsed(json)).transpose()
    }

    /// Up to `limit` groups that are due, the longest overdue first.
    pub async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Group>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("by_due")
            .key_condition_expression("#shard = :shard AND due_at <= :now")
            .expression_attribute_names("#shard", "shard")
            .expression_attribute_values(":shard", AttributeValue::S(SHARD.to_owned()))
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        let groups = answer.items.unwrap_or_default();
        groups.iter().filter_map(|item| text(Some(item), "group_json")).map(|json| self.parsed(json)).collect()
    }

    /// Makes every group due that holds an open alert which `silence` held back, and returns them. Reads the whole table, which
    /// the end of a silence is worth.
    pub async fn wake(&self, silence: &Silence, now: Timestamp) -> Result<Vec<Group>, StoreError> {
        let mut pages = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression("attribute_exists(#member) AND attribute_exists(#open) AND #group <> :active")
            .projection_expression("#group, #member")
            .expression_attribute_names("#group", "group")
            .expression_attribute_names("#member", "member")
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":active", AttributeValue::S(ACTIVE.to_owned()))
            .into_paginator()
            .items()
            .send();
        let mut ids = BTreeSet::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| StoreError::request(&self.table, &error))?;
            let (Some(id), Some(json)) = (text(Some(&item), "group"), text(Some(&item), "member")) else { continue };
            let member: Member = self.parsed(json)?;
            if silence.holds_back(&member.labels) {
                ids.insert(GroupId::from_existing(id));
            }
        }
        let mut woken = Vec::new();
        for id in ids {
            if let Some(group) = self.group(&id).await? {
                self.bring_forward(&id, now).await?;
                woken.push(group);
            }
        }
        Ok(woken)
    }
}
