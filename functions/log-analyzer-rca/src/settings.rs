//! What Terraform tells this function.

use std::time::Duration;

use jiff::SignedDuration;
use nightjar_aws::settings::{Environment, SettingsError};
use nightjar_domain::accounts::Scope;

/// The function's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub inventory_table: String,
    pub incidents_table: String,
    pub fingerprints_table: String,
    pub series_table: String,
    pub log_watch_table: String,
    /// Where the published configuration is; without it what ships is in force.
    pub config_table: Option<String>,
    pub audit_table: String,
    pub anomalies_topic_arn: String,
    pub incident_changes_topic_arn: String,
    pub critical_alerts_topic_arn: String,
    /// The suite's own account and region.
    pub home: Scope,
    /// Terraform's `name_prefix`: how the names of Nightjar's own alarms begin.
    pub prefix: String,
    /// How far before the anomaly the logs are read.
    pub log_window: SignedDuration,
    /// All of the gathering ends within this.
    pub gather_deadline: Duration,
    /// A search of logs is stopped when it has scanned more.
    pub scan_limit_bytes: u64,
    /// Calm periods in a row that end an incident which did not flap.
    pub resolve_after_periods: u32,
    /// What the log watch may scan in a run; 0 turns it off.
    pub log_watch_limit_bytes: u64,
    /// Tags whose equal value makes resources a group, the first that is set decides.
    pub group_tags: Vec<String>,
    /// How the names of Nightjar's own roles begin: what they do is no change.
    pub own_roles: String,
    /// How long an incident is kept.
    pub retention: SignedDuration,
    /// How long a delivery may take to publish before another one does.
    pub publish_lease: SignedDuration,
}

impl Settings {
    pub fn read(mut env: Environment<'_>) -> Result<Self, SettingsError> {
        let settings = Self {
            inventory_table: env.required("INVENTORY_TABLE"),
            incidents_table: env.required("INCIDENTS_TABLE"),
            fingerprints_table: env.required("FINGERPRINTS_TABLE"),
            series_table: env.required("SERIES_TABLE"),
            log_watch_table: env.required("LOG_WATCH_TABLE"),
            config_table: env.optional("CONFIG_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            anomalies_topic_arn: env.required("ANOMALIES_TOPIC_ARN"),
            incident_changes_topic_arn: env.required("INCIDENT_CHANGES_TOPIC_ARN"),
            critical_alerts_topic_arn: env.required("CRITICAL_ALERTS_TOPIC_ARN"),
            home: env.scope_of("ANOMALIES_TOPIC_ARN"),
            prefix: env.optional("NAME_PREFIX").unwrap_or_else(|| "nightjar".to_owned()),
            log_window: SignedDuration::from_mins(env.checked_or(
                "LOG_WINDOW_MINUTES",
                15,
                |minutes| (1..=1440).contains(minutes),
                "between 1 and 1440",
            )),
            gather_deadline: Duration::from_secs(env.checked_or(
                "GATHER_DEADLINE_SECONDS",
                20,
                |seconds| (1..=90).contains(seconds),
                "between 1 and 90",
            )),
            scan_limit_bytes: 1_000_000
                * env.checked_or(
                    "LOG_SCAN_LIMIT_MB",
                    2000,
                    |megabytes| (1..=1_000_000).contains(megabytes),
                    "between 1 and 1000000",
                ),
            resolve_after_periods: env.checked_or(
                "RESOLVE_AFTER_PERIODS",
                3,
                |periods| (1..=100).contains(periods),
                "between 1 and 100",
            ),
            log_watch_limit_bytes: 1_000_000
                * env.checked_or(
                    "LOG_WATCH_LIMIT_MB",
                    500,
                    |megabytes| (0..=1_000_000).contains(megabytes),
                    "between 0 and 1000000",
                ),
            group_tags: env
                .optional("GROUP_TAGS")
                .unwrap_or_else(|| "aws:autoscaling:groupName Service Application".to_owned())
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            own_roles: env.optional("NAME_PREFIX").map(|prefix| format!("{prefix}-")).unwrap_or_default(),
            retention: SignedDuration::from_hours(
                24 * env.checked_or(
                    "INCIDENT_RETENTION_DAYS",
                    90,
                    |days| (1..=3650).contains(days),
                    "between 1 and 3650",
                ),
            ),
            publish_lease: env.publish_lease(),
        };
        env.finish(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_wrong_is_named_at_once() {
        let env = Environment::from_lookup(|name| match name {
            "LOG_WINDOW_MINUTES" => Some("0".to_owned()),
            "RESOLVE_AFTER_PERIODS" => Some("many".to_owned()),
            _ => None,
        });
        insta::assert_snapshot!(
            Settings::read(env).unwrap_err(),
            @"the function's environment variables are not usable: INVENTORY_TABLE is not set; INCIDENTS_TABLE is not set; FINGERPRINTS_TABLE is not set; SERIES_TABLE is not set; LOG_WATCH_TABLE is not set; AUDIT_TABLE is not set; ANOMALIES_TOPIC_ARN is not set; INCIDENT_CHANGES_TOPIC_ARN is not set; CRITICAL_ALERTS_TOPIC_ARN is not set; LOG_WINDOW_MINUTES must be between 1 and 1440; RESOLVE_AFTER_PERIODS cannot be used: invalid digit found in string. They are set by Terraform (infrastructure/)"
        );
    }
}
