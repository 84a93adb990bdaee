//! The sole right to look at a group, and how a look ends.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::id::GroupId;
use nightjar_domain::routing::backoff::Failures;
use nightjar_domain::routing::held::{Claim, Settlement};

use super::{
    AlertGroupStore, HEADER, Item, SHARD, StoreError, TOLD, count, expires, instant, second, text, unless_refused,
};

impl AlertGroupStore {
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
        let Some(answer) = unless_refused(&self.table, claimed)? else { return Ok(None) };
        let item = answer.attributes.as_ref();
        let json =
            text(item, "group_json").ok_or_else(|| StoreError::item(&self.table, "a group without group_json"))?;
        let failures = instant(item, "failing_since")
            .map(|first_at| Failures { attempts: count(item, "attempts").try_into().unwrap_or(u32::MAX), first_at });
        let group = self.parsed(json)?;
        Ok(Some(Claim { group, token: count(item, "token"), arrivals: count(item, "arrivals"), failures }))
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
        Ok(unless_refused(&self.table, written)?.is_some())
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
        Ok(unless_refused(&self.table, written)?.is_some())
    }
}
