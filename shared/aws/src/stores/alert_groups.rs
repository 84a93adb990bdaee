//! The alert-groups table: groups on their way, the alerts in them, and what was told.
//!
//! One partition per group holds its header (`#group`), what was told (`#told`) and an item per alert (`alert#…`). Alerts
//! arrive in any number at once and never wait for each other: each writes its own item and counts up `arrivals` of the
//! header. Who looks at a group holds a lease, and settles on the condition that nobody has arrived since.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::id::GroupId;
use nightjar_domain::incident::Status;
use nightjar_domain::routing::backoff::Failures;
use nightjar_domain::routing::held::{Change, Claim, Loaded, Place, Settlement};
use nightjar_domain::routing::inhibition::Active;
use nightjar_domain::routing::rate_limit::Window;
use nightjar_domain::routing::{Group, Member, Silence};

use super::StoreError;

type Item = HashMap<String, AttributeValue>;

/// How long an item outlives the last word about it.
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 90);
const HEADER: &str = "#group";
const TOLD: &str = "#told";
const MEMBER: &str = "alert#";
/// The partition of the index that holds what is due.
const SHARD: &str = "due";
/// The partition of the alerts that may inhibit others.
const ACTIVE: &str = "#active";

/// Reads and writes groups.
#[derive(Debug, Clone)]
pub struct AlertGroupStore {
    client: Client,
    table: String,
}

/// A channel that the other side has closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disabled {
    pub destination: String,
    pub since: Timestamp,
    pub because: String,
}

impl AlertGroupStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

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
        let Some(answer) = self.unless_refused(written)? else { return Ok(Vec::new()) };
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
        self.unless_refused(request.send().await).map(drop)
    }

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
        self.unless_refused(moved).map(drop)
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

    /// Takes the right to look at a due group for `lease`. `None`: it is not due, or somebody else looks at it.
    pub async fn claim(
        &self,
        group: &GroupId,
        lease: SignedDuration,
        now: Timestamp,
    ) -> Result<Option<Claim>, StoreError> {
        let claimed = self
            .update(group.as_str(), HEADER)
            .update_expression("SET lease_until = :until ADD #token :one")
            .condition_expression("due_at <= :now AND (attribute_not_exists(lease_until) OR lease_until < :second)")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .expression_attribute_values(":second", second(now))
            .expression_attribute_values(":until", second(now + lease))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let Some(answer) = self.unless_refused(claimed)? else { return Ok(None) };
        let item = answer.attributes.as_ref();
        let json =
            text(item, "group_json").ok_or_else(|| StoreError::item(&self.table, "a group without group_json"))?;
        let failures = instant(item, "failing_since")
            .map(|first_at| Failures { attempts: count(item, "attempts").try_into().unwrap_or(u32::MAX), first_at });
        let group = self.parsed(json)?;
        Ok(Some(Claim { group, token: count(item, "token"), arrivals: count(item, "arrivals"), failures }))
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

    /// Ends a claim: what was told first, then the lease. `false`: the lease had ended and somebody took over; nothing is
    /// written then.
    pub async fn settle(&self, claim: &Claim, settlement: &Settlement, now: Timestamp) -> Result<bool, StoreError> {
        if !self.put_told(claim, settlement, now).await? {
            return Ok(false);
        }
        if self.put_header(claim, settlement, settlement.due_at, Some(claim.arrivals)).await? {
            return Ok(true);
        }
        // Somebody arrived in the meantime, or took over.
        let due_at = settlement.due_at.map_or(settlement.due_for_arrivals, |at| at.min(settlement.due_for_arrivals));
        self.put_header(claim, settlement, Some(due_at), None).await
    }

    async fn put_told(&self, claim: &Claim, settlement: &Settlement, now: Timestamp) -> Result<bool, StoreError> {
        let item = Item::from([
            ("group".to_owned(), AttributeValue::S(claim.group.id.to_string())),
            ("item".to_owned(), AttributeValue::S(TOLD.to_owned())),
            ("told".to_owned(), AttributeValue::S(self.json(&settlement.state)?)),
            ("token".to_owned(), AttributeValue::N(claim.token.to_string())),
            ("expires_at".to_owned(), expires(now)),
        ]);
        let written = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#token) OR #token <= :token")
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":token", AttributeValue::N(claim.token.to_string()))
            .send()
            .await;
        match written {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    async fn put_header(
        &self,
        claim: &Claim,
        settlement: &Settlement,
        due_at: Option<Timestamp>,
        arrivals: Option<u64>,
    ) -> Result<bool, StoreError> {
        // Several of the names, such as shard, are words that DynamoDB keeps for itself: all are given by placeholder.
        let (mut set, mut remove) = (Vec::new(), vec!["#lease_until".to_owned()]);
        let mut request = self.update(claim.group.id.as_str(), HEADER);
        for name in ["last_flush_at", "due_at", "shard", "failing_since", "attempts", "lease_until"] {
            request = request.expression_attribute_names(format!("#{name}"), name);
        }
        let mut put = |name: &'static str, value: Option<String>, number: bool| {
            if value.is_none() {
                remove.push(format!("#{name}"));
            }
            let value = value?;
            set.push(format!("#{name} = :{name}"));
            let value = if number { AttributeValue::N(value) } else { AttributeValue::S(value) };
            Some((format!(":{name}"), value))
        };
        let failures = settlement.failures;
        let values = [
            put("last_flush_at", settlement.state.last_flush_at.map(|at| at.to_string()), false),
            put("due_at", due_at.map(|at| at.to_string()), false),
            put("shard", due_at.map(|_| SHARD.to_owned()), false),
            put("failing_since", failures.map(|failures| failures.first_at.to_string()), false),
            put("attempts", failures.map(|failures| failures.attempts.to_string()), true),
        ];
        for (name, value) in values.into_iter().flatten() {
            request = request.expression_attribute_values(name, value);
        }
        let set = if set.is_empty() { String::new() } else { format!("SET {} ", set.join(", ")) };
        let mut condition = "#token = :token".to_owned();
        if let Some(arrivals) = arrivals {
            condition.push_str(" AND arrivals = :arrivals");
            request = request.expression_attribute_values(":arrivals", AttributeValue::N(arrivals.to_string()));
        }
        let written = request
            .update_expression(format!("{set}REMOVE {}", remove.join(", ")))
            .condition_expression(condition)
            .expression_attribute_names("#token", "token")
            .expression_attribute_values(":token", AttributeValue::N(claim.token.to_string()))
            .send()
            .await;
        Ok(self.unless_refused(written)?.is_some())
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
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
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
        Ok(self.unless_refused(counted)?.is_some())
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

    fn update(
        &self,
        group: &str,
        item: &str,
    ) -> aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("group", AttributeValue::S(group.to_owned()))
            .key("item", AttributeValue::S(item.to_owned()))
    }

    /// `None` where the condition did not hold.
    fn unless_refused(
        &self,
        result: Result<
            UpdateItemOutput,
            aws_sdk_dynamodb::error::SdkError<UpdateItemError, aws_sdk_dynamodb::config::http::HttpResponse>,
        >,
    ) -> Result<Option<UpdateItemOutput>, StoreError> {
        match result {
            Ok(output) => Ok(Some(output)),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(None),
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    fn json<T: serde::Serialize>(&self, value: &T) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(|error| StoreError::item(&self.table, error))
    }

    fn parsed<T: serde::de::DeserializeOwned>(&self, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|error| StoreError::item(&self.table, error))
    }
}

fn text<'a>(item: Option<&'a Item>, name: &str) -> Option<&'a str> {
    item?.get(name)?.as_s().ok().map(String::as_str)
}

fn instant(item: Option<&Item>, name: &str) -> Option<Timestamp> {
    text(item, name)?.parse().ok()
}

fn count(item: Option<&Item>, name: &str) -> u64 {
    item.and_then(|item| item.get(name)?.as_n().ok()?.parse().ok()).unwrap_or(0)
}

fn second(at: Timestamp) -> AttributeValue {
    AttributeValue::N(at.as_second().to_string())
}

fn expires(now: Timestamp) -> AttributeValue {
    second(now + RETENTION)
}
