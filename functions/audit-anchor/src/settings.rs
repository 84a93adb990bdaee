//! What Terraform tells this function.

use nightjar_aws::settings::{Environment, SettingsError};

/// The function's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub audit_table: String,
    pub bucket: String,
    /// ARN of the signing key: anchors name it.
    pub key_arn: String,
}

impl Settings {
    pub fn read(mut env: Environment<'_>) -> Result<Self, SettingsError> {
        let settings = Self {
            audit_table: env.required("AUDIT_TABLE"),
            bucket: env.required("ANCHORS_BUCKET"),
            key_arn: env.required("ANCHORS_KEY_ARN"),
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
        for variable in ["AUDIT_TABLE", "ANCHORS_BUCKET", "ANCHORS_KEY_ARN"] {
            assert!(error.contains(variable), "{error}");
        }
    }
}
