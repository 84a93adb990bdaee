//! The document `config/alert_routes.json`, as it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Span;
use super::channel::Channel;
use super::lenient::Lenient;
use super::matcher::Matcher;
use super::time_interval::TimeInterval;

/// Who is told what, when.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutesDocument {
    #[serde(rename = "$schema", default)]
    pub schema: Option<String>,
    /// The top of the tree: every alert enters here. It has a receiver and no matchers.
    pub route: RouteEntry,
    /// By name.
    pub receivers: BTreeMap<String, ReceiverEntry>,
    /// Which alerts keep which others quiet.
    #[serde(default)]
    pub inhibit_rules: Vec<InhibitEntry>,
    /// Recurring times by name, for `mute_time_intervals` and `active_time_intervals`.
    #[serde(default)]
    pub time_intervals: BTreeMap<String, Vec<Lenient<TimeInterval>>>,
    #[serde(default)]
    pub silences: SilenceEntry,
    #[serde(default)]
    pub delivery: DeliveryEntry,
}

/// One node of the tree. What is not set is taken from the node above, `mute_time_intervals` and
/// `active_time_intervals` excepted.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteEntry {
    #[serde(default)]
    pub receiver: Option<String>,
    /// All must hold.
    #[serde(default)]
    pub matchers: Vec<Lenient<Matcher>>,
    /// Whether the nodes after this one are tried too. Default: no.
    #[serde(default, rename = "continue")]
    pub continues: bool,
    /// Labels; alerts that are equal in them go out together. `["..."]`: all labels, which is no grouping at all.
    #[serde(default)]
    pub group_by: Option<Vec<String>>,
    /// How long a new group waits for more alerts. Default: 30s.
    #[serde(default)]
    pub group_wait: Option<Lenient<Span>>,
    /// How long a group waits to tell of changes after it told something. Default: 5m.
    #[serde(default)]
    pub group_interval: Option<Lenient<Span>>,
    /// How long until what still fires is told again. Default: 4h.
    #[serde(default)]
    pub repeat_interval: Option<Lenient<Span>>,
    /// Times at which nothing is told.
    #[serde(default)]
    pub mute_time_intervals: Vec<String>,
    /// The only times at which something is told.
    #[serde(default)]
    pub active_time_intervals: Vec<String>,
    /// Whom to tell next while nobody acknowledges.
    #[serde(default)]
    pub escalation: Option<Vec<EscalationEntry>>,
    /// Whether the channel of the alert's product takes the place of `receiver`.
    #[serde(default)]
    pub to_owner: Option<bool>,
    /// Tried in order; the first that matches has the alert.
    #[serde(default)]
    pub routes: Vec<RouteEntry>,
}

/// One step of an escalation.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EscalationEntry {
    /// Counted from the first notification.
    pub after: Lenient<Span>,
    pub receiver: String,
}

/// One or several channels that are told together.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiverEntry {
    pub channels: Vec<Lenient<Channel>>,
    #[serde(default)]
    pub rate_limit: Option<RateLimitEntry>,
}

/// At most so many notifications per channel in so long; the rest comes as one summary.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimitEntry {
    #[schemars(range(min = 1))]
    pub notifications: u32,
    pub per: Lenient<Span>,
}

/// While `source_matchers` fire, `target_matchers` are held back.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InhibitEntry {
    /// Said where it holds something back.
    pub name: String,
    pub source_matchers: Vec<Lenient<Matcher>>,
    pub target_matchers: Vec<Lenient<Matcher>>,
    /// Labels that must be the same in both.
    #[serde(default)]
    pub equal: Vec<String>,
}

/// Bounds of silences.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SilenceEntry {
    /// Default: 30d.
    #[serde(default)]
    pub max_length: Option<Lenient<Span>>,
    /// Whether what still fires when its silence ends is told again, though it had been told before. Default: yes.
    #[serde(default)]
    pub resend: Option<bool>,
}

/// How hard a notification is tried.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryEntry {
    /// How long a failed notification is tried again before it goes to the dead-letter queue. Default: 1h.
    #[serde(default)]
    pub retry_span: Option<Lenient<Span>>,
}
