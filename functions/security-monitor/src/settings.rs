//! What Terraform tells this function.

use std::path::PathBuf;

use jiff::SignedDuration;
use nightjar_aws::settings::{Environment, SettingsError};
use nightjar_domain::severity::Severity;

/// The function's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub security_table: String,
    pub incidents_table: String,
    pub audit_table: String,
    pub critical_alerts_topic_arn: String,
    /// Where the published configuration is; without it what ships is in force.
    pub config_table: Option<String>,
    /// People are told of incidents of this severity and above.
    pub told_from: Severity,
    /// How long an incident is kept.
    pub retention: SignedDuration,
    /// How long a delivery may take to publish before another one does.
    pub publish_lease: SignedDuration,
    /// The unpacked package, which may hold further rules. Lambda says where it is.
    pub package: Option<PathBuf>,
}

impl Settings {
    pub fn read(mut env: Environment<'_>) -> Result<Self, SettingsError> {
        let settings = Self {
            security_table: env.required("SECURITY_TABLE"),
            incidents_table: env.required("INCIDENTS_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            critical_alerts_topic_arn: env.required("CRITICAL_ALERTS_TOPIC_ARN"),
            config_table: env.optional("CONFIG_TABLE"),
            told_from: env.parsed_or("SECURITY_SEVERITY", Severity::Medium),
            retention: SignedDuration::from_hours(
                24 * env.checked_or(
                    "INCIDENT_RETENTION_DAYS",
                    90,
                    |days| (1..=3650).contains(days),
                    "between 1 and 3650",
                ),
            ),
            publish_lease: env.publish_lease(),
            package: env.optional("LAMBDA_TASK_ROOT").map(PathBuf::from),
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
            "SECURITY_SEVERITY" => Some("urgent".to_owned()),
            _ => None,
        });
        let error = Settings::read(env).unwrap_err().to_string();
        for part in ["SECURITY_TABLE", "SECURITY_SEVERITY"] {
            assert!(error.contains(part), "{part} is not in: {error}");
        }
    }
}
