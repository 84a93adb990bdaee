//! What Terraform tells this function.

use nightjar_aws::settings::{Environment, SettingsError};
use nightjar_domain::maintenance::MaintenanceWindows;

/// The function's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub inventory_table: String,
    pub models_table: String,
    pub audit_table: String,
    pub maintenance: MaintenanceWindows,
}

impl Settings {
    pub fn read(mut env: Environment<'_>) -> Result<Self, SettingsError> {
        let settings = Self {
            inventory_table: env.required("INVENTORY_TABLE"),
            models_table: env.required("MODELS_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            maintenance: env.maintenance_windows(),
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
