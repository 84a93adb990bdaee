//! What Terraform tells this function.

use nightjar_aws::settings::{Environment, SettingsError};

/// The function's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub inventory_table: String,
    pub models_table: String,
    pub audit_table: String,
    /// Where the published configuration is; without it what ships is in force.
    pub config_table: Option<String>,
}

impl Settings {
    pub fn read(mut env: Environment<'_>) -> Result<Self, SettingsError> {
        let settings = Self {
            inventory_table: env.required("INVENTORY_TABLE"),
            models_table: env.required("MODELS_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            config_table: env.optional("CONFIG_TABLE"),
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
        for variable in ["INVENTORY_TABLE", "MODELS_TABLE", "AUDIT_TABLE"] {
            assert!(error.contains(variable), "{error}");
        }
    }
}
