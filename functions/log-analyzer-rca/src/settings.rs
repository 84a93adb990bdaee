//! What Terraform tells this function.

use std::time::Duration;

use jiff::SignedDuration;
use nightjar_aws::settings::{Environment, SettingsError};
use nightjar_domain::escalation::EscalationPolicy;
use nightjar_domain::severity::Severity;

/// The function's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub inventory_table: String,
    pub incidents_table: String,
    pub audit_table: String,
    pub critical_alerts_topic_arn: String,
    pub escalation: EscalationPolicy,
    /// How far before the anomaly the logs are read.
    pub log_window: SignedDuration,
    /// All of the gathering ends within this.
    pub gather_deadline: Duration,
    /// A search of logs is stopped when it has scanned more.
    pub scan_limit_bytes: u64,
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
            audit_table: env.required("AUDIT_TABLE"),
            critical_alerts_topic_arn: env.required("CRITICAL_ALERTS_TOPIC_ARN"),
            escalation: EscalationPolicy {
                evidence_severity: env.parsed_or("EVIDENCE_SEVERITY", Severity::High),
                critical_score: env.checked_or(
                    "CRITICAL_SCORE",
                    0.99,
                    |score| (0.0..=1.0).contains(score),
                    "a number between 0 and 1",
                ),
            },
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
            "CRITICAL_SCORE" => Some("95".to_owned()),
            "LOG_WINDOW_MINUTES" => Some("0".to_owned()),
            "EVIDENCE_SEVERITY" => Some("bad".to_owned()),
            _ => None,
        });
        insta::assert_snapshot!(
            Settings::read(env).unwrap_err(),
            @"the function's environment variables are not usable: INVENTORY_TABLE is not set; INCIDENTS_TABLE is not set; AUDIT_TABLE is not set; CRITICAL_ALERTS_TOPIC_ARN is not set; EVIDENCE_SEVERITY cannot be used: unknown severity \"bad\": use one of info, low, medium, high, critical; CRITICAL_SCORE must be a number between 0 and 1; LOG_WINDOW_MINUTES must be between 1 and 1440. They are set by Terraform (infrastructure/)"
        );
    }
}
