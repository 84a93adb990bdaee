//! What Terraform tells this function.

use nightjar_aws::settings::{Environment, SettingsError};
use nightjar_domain::accounts::Scope;

/// The function's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub inventory_table: String,
    pub series_table: String,
    pub models_table: String,
    pub audit_table: String,
    pub anomalies_topic_arn: String,
    /// Where the published configuration is; without it what ships is in force.
    pub config_table: Option<String>,
    /// The suite's own account and region.
    pub home: Scope,
    /// How sessions in other accounts are called.
    pub session: String,
}

impl Settings {
    pub fn read(mut env: Environment<'_>) -> Result<Self, SettingsError> {
        let settings = Self {
            inventory_table: env.required("INVENTORY_TABLE"),
            series_table: env.required("SERIES_TABLE"),
            models_table: env.required("MODELS_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            anomalies_topic_arn: env.required("ANOMALIES_TOPIC_ARN"),
            config_table: env.optional("CONFIG_TABLE"),
            home: env.scope_of("ANOMALIES_TOPIC_ARN"),
            session: format!(
                "{}-anomaly-detector",
                env.optional("NAME_PREFIX").unwrap_or_else(|| "nightjar".to_owned())
            ),
        };
        env.finish(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_missing_variables_are_named_at_once() {
        let error = Settings::read(Environment::from_lookup(|_| None)).unwrap_err().to_string();
        for variable in ["INVENTORY_TABLE", "SERIES_TABLE", "MODELS_TABLE", "AUDIT_TABLE", "ANOMALIES_TOPIC_ARN"] {
            assert!(error.contains(variable), "{error}");
        }
    }
}
