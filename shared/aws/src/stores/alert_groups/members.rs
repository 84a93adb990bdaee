//! The alerts of a group, and where those of an incident are.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::Timestamp;
use nightjar_domain::id::GroupId;
use nightjar_domain::incident::Status;
use nightjar_domain::routing::Member;
use nightjar_domain::routing::held::{Change, Loaded, Place};
use nightjar_domain::routing::inhibition::Active;

use super::{ACTIVE, AlertGroupStore, Item, MEMBER, StoreError, TOLD, expires, instant, text, unless_refused};

impl AlertGroupStore {
    /// Notes where the alerts of an incident are, and returns the last change that somebody made to it, if any.
    pub async fn note(&self, incident: &str, places: &[Place], now: Timestamp) -> Result<Option<Change>, StoreError> {
        let texts = places.iter().map(|place| format!("{} {}", place.group, place.fingerprint)).collect();
        let answer = self
            .update(&format!("incident#{incident}"), "#places")
            .update_expression("SET expires_at = :expires ADD places :places")
            .expression_attribute_values(":expires", expires(now))
            .expression_attribute_values(":places", AttributeValue::Ss(texts))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        let change = text(answer.attributes.as_ref(), "change");
        change.map(|text| self.parsed(text)).transpose()
    }

    /// Notes what somebody did to an incident, and returns where its alerts are. Messages may overtake each other: only a
    /// newer version counts.
    pub async fn change(&self, change: &Change, version: u64, now: Timestamp) -> Result<Vec<Place>, StoreError> {
        let key = format!("incident#{}", change.incident);
        let written = self
            .update(&key, "#places")
            .update_expression("SET expires_at = :expires, #change = :change, change_version = :version")
            .condition_expression("attribute_not_exists(change_version) OR change_version <= :version")
            .expression_attribute_names("#change", "change")
            .expression_attribute_values(":expires", expires(now))
            .expression_attribute_values(":change", AttributeValue::S(self.json(change)?))
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let Some(answer) = unless_refused(&self.table, written)? else { return Ok(Vec::new()) };
        let places = answer.attributes.and_then(|mut item| item.remove("places"));
        let texts = places.and_then(|places| places.as_ss().ok().cloned()).unwrap_or_default();
        let place = |text: &String| {
            let (group, fingerprint) = text.split_once(' ')?;
            Some(Place { group: GroupId::from_existing(group), fingerprint: fingerprint.to_owned() })
        };
        Ok(texts.iter().filter_map(place).collect())
    }

    /// Puts an alert into a group. Doing so twice changes nothing.
    pub async fn join(
        &self,
        group: &GroupId,
        member: &Member,
        incident: &str,
        envelope: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.put_member(group.as_str(), member, incident, Some(envelope), now).await
    }

    async fn put_member(
        &self,
        partition: &str,
        member: &Member,
        incident: &str,
        envelope: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item = member.clone();
        // What others do to it lies beside it.
        (item.resolved, item.acknowledged, item.suppressed_until) = (false, false, None);
        self.update(partition, &format!("{MEMBER}{}", member.fingerprint))
            .update_expression(
                "SET #member = :member, envelope = :envelope, expires_at = :expires, #message = :message ADD #open :incident",
            )
            .expression_attribute_names("#member", "member")
            .expression_attribute_names("#message", "message")
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":member", AttributeValue::S(self.json(&item)?))
            .expression_attribute_values(":message", AttributeValue::S(member.message.clone()))
            .expression_attribute_values(":envelope", AttributeValue::S(envelope.unwrap_or_default().to_owned()))
            .expression_attribute_values(":expires", expires(now))
            .expression_attribute_values(":incident", AttributeValue::Ss(vec![incident.to_owned()]))
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(())
    }

    /// Applies what somebody did to an incident to one of its alerts. An alert that is gone stays gone.
    pub async fn alter(&self, place: &Place, change: &Change) -> Result<(), StoreError> {
        self.alter_in(place.group.as_str(), &place.fingerprint, change).await
    }

    async fn alter_in(&self, partition: &str, fingerprint: &str, change: &Change) -> Result<(), StoreError> {
        let expression = match change.to {
            // What is over is told, though it was to be held back.
            Status::Resolved => "DELETE #open :incident, acked :incident REMOVE suppressed_until",
            Status::Acknowledged => "ADD acked :incident REMOVE suppressed_until",
            Status::Suppressed => "SET suppressed_until = :until",
            Status::Open => "DELETE acked :incident REMOVE suppressed_until",
        };
        let mut request = self
            .update(partition, &format!("{MEMBER}{fingerprint}"))
            .update_expression(expression)
            .condition_expression("attribute_exists(#item)")
            .expression_attribute_names("#item", "item");
        if change.to == Status::Resolved {
            request = request.expression_attribute_names("#open", "open");
        }
        request = if change.to == Status::Suppressed {
            let until = change.until.map(|until| until.to_string()).unwrap_or_default();
            request.expression_attribute_values(":until", AttributeValue::S(until))
        } else {
            request.expression_attribute_values(":incident", AttributeValue::Ss(vec![change.incident.clone()]))
        };
        unless_refused(&self.table, request.send().await).map(drop)
    }

    /// The group's alerts and what was told of them.
    pub async fn load(&self, group: &GroupId) -> Result<Loaded, StoreError> {
        let mut loaded = Loaded::default();
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#group = :group")
            .projection_expression("#item, #member, #open, acked, suppressed_until, told")
            .expression_attribute_names("#group", "group")
            .expression_attribute_names("#item", "item")
            .expression_attribute_names("#member", "member")
            .expression_attribute_names("#open", "open")
            .expression_attribute_values(":group", AttributeValue::S(group.to_string()))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| StoreError::request(&self.table, &error))?;
            match text(Some(&item), "item") {
                Some(TOLD) => {
                    if let Some(json) = text(Some(&item), "told") {
                        loaded.state = self.parsed(json)?;
                    }
                }
                Some(name) if name.starts_with(MEMBER) => loaded.members.extend(self.member(&item)?),
                _ => {}
            }
        }
        Ok(loaded)
    }

    /// An alert with what others did to it; `None` for what a change left of one that was forgotten.
    fn member(&self, item: &Item) -> Result<Option<Member>, StoreError> {
        let Some(json) = text(Some(item), "member") else { return Ok(None) };
        let mut member: Member = self.parsed(json)?;
        let set = |name: &str| item.get(name).and_then(|set| set.as_ss().ok().cloned()).unwrap_or_default();
        let open = set("open");
        member.resolved = open.is_empty();
        member.acknowledged = set("acked").iter().any(|incident| open.contains(incident));
        member.suppressed_until = instant(Some(item), "suppressed_until");
        Ok(Some(member))
    }

    /// The message that an alert was made from.
    pub async fn envelope(&self, group: &GroupId, fingerprint: &str) -> Result<Option<String>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("group", AttributeValue::S(group.to_string()))
            .key("item", AttributeValue::S(format!("{MEMBER}{fingerprint}")))
            .projection_expression("envelope")
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        Ok(text(answer.item.as_ref(), "envelope").filter(|text| !text.is_empty()).map(str::to_owned))
    }

    /// Forgets an alert that was told and is over, unless it has come back in the meantime.
    pub async fn forget(&self, group: &GroupId, member: &Member) -> Result<(), StoreError> {
        let condition = if member.once { "#message = :message" } else { "attribute_not_exists(#open)" };
        let mut request = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("group", AttributeValue::S(group.to_string()))
            .key("item", AttributeValue::S(format!("{MEMBER}{}", member.fingerprint)))
            .condition_expression(condition);
        request = if member.once {
            request
                .expression_attribute_names("#message", "message")
                .expression_attribute_values(":message", AttributeValue::S(member.message.clone()))
        } else {
            request.expression_attribute_names("#open", "open")
        };
        unless_refused(&self.table, request.send().await).map(drop)
    }

    /// Notes that an alert fires which may inhibit others.
    pub async fn activate(&self, member: &Member, incident: &str, now: Timestamp) -> Result<(), StoreError> {
        self.put_member(ACTIVE, member, incident, None, now).await
    }

    /// Applies what somebody did to an incident to the alert that may inhibit others.
    pub async fn alter_active(&self, fingerprint: &str, change: &Change) -> Result<(), StoreError> {
        self.alter_in(ACTIVE, fingerprint, change).await
    }

    /// What fires and may inhibit.
    pub async fn active(&self) -> Result<Vec<Active>, StoreError> {
        let members = self.load(&GroupId::from_existing(ACTIVE)).await?.members;
        let firing = members.into_iter().filter(|member| !member.resolved);
        Ok(firing.map(|Member { fingerprint, title, labels, .. }| Active { fingerprint, title, labels }).collect())
    }
}
