//! What happened, before it has a place in the trail.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ChainId;
use crate::id::FactId;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum FactKind {
    #[serde(rename = "resource.onboarded")]
    ResourceOnboarded,
    #[serde(rename = "resource.retired")]
    ResourceRetired,
    /// An alarm was made for a resource.
    #[serde(rename = "alarm.created")]
    AlarmCreated,
    /// An alarm was set right.
    #[serde(rename = "alarm.changed")]
    AlarmChanged,
    /// An alarm was removed.
    #[serde(rename = "alarm.deleted")]
    AlarmDeleted,
    /// CloudWatch refused what was told just before.
    #[serde(rename = "alarm.refused")]
    AlarmRefused,
    /// A metric filter was made on a log group, or set right.
    #[serde(rename = "log_filter.put")]
    LogFilterPut,
    #[serde(rename = "log_filter.removed")]
    LogFilterRemoved,
    /// CloudWatch Logs refused what was told just before.
    #[serde(rename = "log_filter.refused")]
    LogFilterRefused,
    #[serde(rename = "anomaly.detected")]
    AnomalyDetected,
    #[serde(rename = "incident.opened")]
    IncidentOpened,
    /// A security incident got worse, or an attack longer.
    #[serde(rename = "incident.grew")]
    IncidentGrew,
    /// A security rule does not load, and looks for nothing.
    #[serde(rename = "rule.rejected")]
    RuleRejected,
    /// Evidence joined an incident that is there already.
    #[serde(rename = "incident.joined")]
    IncidentJoined,
    #[serde(rename = "alert.published")]
    AlertPublished,
    /// Somebody acknowledged, suppressed or resolved it.
    #[serde(rename = "incident.changed")]
    IncidentChanged,
    /// Somebody named a product, or changed it.
    #[serde(rename = "product.changed")]
    ProductChanged,
    #[serde(rename = "product.removed")]
    ProductRemoved,
    /// Somebody gave an incident to somebody.
    #[serde(rename = "incident.assigned")]
    IncidentAssigned,
    /// Somebody set a silence.
    #[serde(rename = "silence.set")]
    SilenceSet,
    /// Somebody ended a silence before its time.
    #[serde(rename = "silence.ended")]
    SilenceEnded,
    /// A version of a configuration document came into force.
    #[serde(rename = "config.published")]
    ConfigPublished,
    /// An earlier version of a configuration document came into force again.
    #[serde(rename = "config.rolled_back")]
    ConfigRolledBack,
    /// A function cannot use a published document: the one before stays in force.
    #[serde(rename = "config.refused")]
    ConfigRefused,
    #[serde(rename = "notification.sent")]
    NotificationSent,
    /// It could not be delivered, and lies in the dead-letter queue.
    #[serde(rename = "notification.abandoned")]
    NotificationAbandoned,
    /// More than the receiver's limit: it goes out in a summary.
    #[serde(rename = "notification.held_back")]
    NotificationHeldBack,
    /// Nobody acknowledged in time.
    #[serde(rename = "notification.escalated")]
    NotificationEscalated,
    /// The other side said that it is gone: nothing is sent there until somebody tests it.
    #[serde(rename = "channel.disabled")]
    ChannelDisabled,
    #[serde(rename = "channel.enabled")]
    ChannelEnabled,
    #[serde(rename = "remediation.started")]
    RemediationStarted,
    #[serde(rename = "remediation.finished")]
    RemediationFinished,
    #[serde(rename = "remediation.declined")]
    RemediationDeclined,
    /// Dry run: what would have been done.
    #[serde(rename = "remediation.rehearsed")]
    RemediationRehearsed,
    /// A claim expired before its outcome was recorded.
    #[serde(rename = "remediation.unknown")]
    RemediationUnknown,
    #[serde(rename = "remediation.approval_requested")]
    RemediationApprovalRequested,
    #[serde(rename = "remediation.approved")]
    RemediationApproved,
    /// Whether it helped.
    #[serde(rename = "remediation.verified")]
    RemediationVerified,
    /// Somebody wants a step taken back.
    #[serde(rename = "remediation.undo_requested")]
    RemediationUndoRequested,
    /// The kill switch was used.
    #[serde(rename = "remediation.stopped")]
    RemediationStopped,
    #[serde(rename = "remediation.resumed")]
    RemediationResumed,
    /// A policy that had switched itself off was switched on by a person.
    #[serde(rename = "remediation.breaker_closed")]
    RemediationBreakerClosed,
    /// A trained model took over a scope.
    #[serde(rename = "model.promoted")]
    ModelPromoted,
    /// A trained model was worse than the one in use.
    #[serde(rename = "model.rejected")]
    ModelRejected,
    /// Somebody went back to the model before.
    #[serde(rename = "model.rolled_back")]
    ModelRolledBack,
    /// Somebody called an incident a false positive, or took that back.
    #[serde(rename = "feedback.given")]
    FeedbackGiven,
    /// A chain had no other news for half its retention; this entry keeps its end from expiring.
    #[serde(rename = "audit.kept_alive")]
    AuditKeptAlive,
}

impl FactKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResourceOnboarded => "resource.onboarded",
            Self::ResourceRetired => "resource.retired",
            Self::AlarmCreated => "alarm.created",
            Self::AlarmChanged => "alarm.changed",
            Self::AlarmDeleted => "alarm.deleted",
            Self::AlarmRefused => "alarm.refused",
            Self::LogFilterPut => "log_filter.put",
            Self::LogFilterRemoved => "log_filter.removed",
            Self::LogFilterRefused => "log_filter.refused",
            Self::AnomalyDetected => "anomaly.detected",
            Self::IncidentOpened => "incident.opened",
            Self::IncidentGrew => "incident.grew",
            Self::RuleRejected => "rule.rejected",
            Self::IncidentJoined => "incident.joined",
            Self::AlertPublished => "alert.published",
            Self::IncidentChanged => "incident.changed",
            Self::ProductChanged => "product.changed",
            Self::ProductRemoved => "product.removed",
            Self::IncidentAssigned => "incident.assigned",
            Self::SilenceSet => "silence.set",
            Self::SilenceEnded => "silence.ended",
            Self::ConfigPublished => "config.published",
            Self::ConfigRolledBack => "config.rolled_back",
            Self::ConfigRefused => "config.refused",
            Self::NotificationSent => "notification.sent",
            Self::NotificationAbandoned => "notification.abandoned",
            Self::NotificationHeldBack => "notification.held_back",
            Self::NotificationEscalated => "notification.escalated",
            Self::ChannelDisabled => "channel.disabled",
            Self::ChannelEnabled => "channel.enabled",
            Self::RemediationStarted => "remediation.started",
            Self::RemediationFinished => "remediation.finished",
            Self::RemediationDeclined => "remediation.declined",
            Self::RemediationRehearsed => "remediation.rehearsed",
            Self::RemediationUnknown => "remediation.unknown",
            Self::RemediationApprovalRequested => "remediation.approval_requested",
            Self::RemediationApproved => "remediation.approved",
            Self::RemediationVerified => "remediation.verified",
            Self::RemediationUndoRequested => "remediation.undo_requested",
            Self::RemediationStopped => "remediation.stopped",
            Self::RemediationResumed => "remediation.resumed",
            Self::RemediationBreakerClosed => "remediation.breaker_closed",
            Self::ModelPromoted => "model.promoted",
            Self::ModelRejected => "model.rejected",
            Self::ModelRolledBack => "model.rolled_back",
            Self::FeedbackGiven => "feedback.given",
            Self::AuditKeptAlive => "audit.kept_alive",
        }
    }
}

/// One fact, before it has a place in the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fact {
    /// From kind, subject and cause: the same fact told twice is recorded once.
    pub id: FactId,
    pub kind: FactKind,
    pub at: Timestamp,
    /// The function or person that acted.
    pub actor: String,
    /// What it happened to: an ARN, an incident, a channel.
    pub subject: String,
    /// The message or incident that led to it.
    pub because_of: Option<String>,
    #[schema(value_type = Object)]
    pub details: Value,
}

impl Fact {
    pub fn new(
        kind: FactKind,
        actor: &str,
        subject: &str,
        because_of: Option<&str>,
        at: Timestamp,
        details: Value,
    ) -> Self {
        Self {
            id: FactId::derive(&[kind.as_str(), subject, because_of.unwrap_or_default()]),
            kind,
            at,
            actor: actor.to_owned(),
            subject: subject.to_owned(),
            because_of: because_of.map(str::to_owned),
            details,
        }
    }

    /// News for a chain that has had none for long: its newest entry must not expire, or the next would begin the chain anew.
    /// `None` for `main`, whose entries do not expire.
    pub fn keeping_alive(chain: ChainId, actor: &str, at: Timestamp) -> Option<Self> {
        let details = json!({ "why": "the chain had no entry for half its retention" });
        // Facts choose their chain by their id: one of a few hundred on the same day chooses this one.
        (0..1000).map(|number| format!("{}#{number}", at.strftime("%Y-%m-%d"))).find_map(|because| {
            let fact = Self::new(FactKind::AuditKeptAlive, actor, &chain.name(), Some(&because), at, details.clone());
            (ChainId::of(&fact.id) == chain).then_some(fact)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_fact_has_the_same_id_whenever_it_is_told() {
        let tell = |second| {
            Fact::new(
                FactKind::RemediationStarted,
                "remediation-engine",
                "i-1",
                Some("inc_1"),
                Timestamp::from_second(second).unwrap(),
                json!({}),
            )
        };
        assert_eq!(tell(1).id, tell(2).id);
    }

    #[test]
    fn every_shard_can_be_kept_alive() {
        for chain in ChainId::all().skip(1) {
            let fact = Fact::keeping_alive(chain, "audit-anchor", Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!(ChainId::of(&fact.id), chain);
        }
    }
}
