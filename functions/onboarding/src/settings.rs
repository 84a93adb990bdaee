//! What Terraform tells this function.

use nightjar_aws::settings::{Environment, SettingsError};

/// The function's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub inventory_table: String,
    pub audit_table: String,
    /// Resources with this tag set to `true` are watched.
    pub monitor_tag: String,
    /// The tag that names a resource's log groups.
    pub log_groups_tag: String,
}

impl Settings {
    pub fn read(mut env: Environment<'_>) -> Result<Self, SettingsError> {
        let prefix = env.required("NAME_PREFIX");
        let settings = Self {
            inventory_table: env.required("INVENTORY_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            monitor_tag: env.optional("MONITOR_TAG_KEY").unwrap_or_else(|| format!("{prefix}:monitor")),
            log_groups_tag: env.optional("LOG_GROUPS_TAG_KEY").unwrap_or_else(|| format!("{prefix}:log-groups")),
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
        for variable in ["NAME_PREFIX", "INVENTORY_TABLE", "AUDIT_TABLE"] {
            assert!(error.contains(variable), "{error}");
        }
    }

    #[test]
    fn tag_keys_follow_the_prefix() {
        let env = Environment::from_lookup(|name| Some(if name.ends_with("_KEY") { "" } else { "ops" }.to_owned()));
        assert_eq!(Settings::read(env).unwrap().monitor_tag, "ops:monitor");
    }
}
