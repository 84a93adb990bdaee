//! What Terraform tells the function.

use nightjar_aws::settings::{Environment, SettingsError};

/// The function's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub incidents_table: String,
    pub series_table: String,
    pub audit_table: String,
}

impl Settings {
    pub fn read(mut environment: Environment<'_>) -> Result<Self, SettingsError> {
        let settings = Self {
            incidents_table: environment.required("INCIDENTS_TABLE"),
            series_table: environment.required("SERIES_TABLE"),
            audit_table: environment.required("AUDIT_TABLE"),
        };
        environment.finish(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        for unset in [None, Some(String::new())] {
            let error = Settings::read(Environment::from_lookup(|_| unset.clone())).unwrap_err();
            assert_eq!(
                error.to_string(),
                "the function's environment variables are not usable: INCIDENTS_TABLE is not set; SERIES_TABLE is not set; \
                 AUDIT_TABLE is not set. They are set by Terraform (infrastructure/)"
            );
        }
    }

    #[test]
    fn what_is_set_is_used() {
        let environment = Environment::from_lookup(|name| Some(name.to_lowercase()));
        assert_eq!(Settings::read(environment).unwrap().series_table, "series_table");
    }
}
