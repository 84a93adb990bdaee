//! What Terraform tells this function.

use std::str::FromStr;
use std::time::Duration;

use nightjar_aws::settings::{Environment, SettingsError};
use nightjar_domain::accounts::Scope;
use nightjar_domain::coverage::{DEFAULT_ALARM_QUOTA, Policy};

/// The function's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub inventory_table: String,
    pub coverage_table: String,
    pub audit_table: String,
    /// Where the published configuration is; without it what ships is in force.
    pub config_table: Option<String>,
    /// Where the products are that people named through the API.
    pub routing_table: Option<String>,
    /// Resources with this tag set to `true` are watched.
    pub monitor_tag: String,
    /// The tag that names a resource's log groups.
    pub log_groups_tag: String,
    /// Where people are told that coverage fell; `None`: nobody is.
    pub alerts_topic: Option<String>,
    pub alarms: ManageAlarms,
    /// How long one run may spend on creating, changing and deleting alarms; the next goes on.
    pub alarm_budget: Duration,
    /// What alarms are planned by.
    pub policy: Policy,
}

/// Whether alarms are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManageAlarms {
    /// Nobody looks at alarms.
    Off,
    /// Every run says what it would do; a person may have it done.
    Plan,
    /// Every run does it.
    Apply,
}

impl ManageAlarms {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Plan => "plan",
            Self::Apply => "apply",
        }
    }
}

impl FromStr for ManageAlarms {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Off, Self::Plan, Self::Apply]
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or("is none of off, plan, apply")
    }
}

impl Settings {
    pub fn read(mut env: Environment<'_>) -> Result<Self, SettingsError> {
        let prefix = env.required("NAME_PREFIX");
        let log_groups_tag = env.optional("LOG_GROUPS_TAG_KEY").unwrap_or_else(|| format!("{prefix}:log-groups"));
        let policy = Policy {
            alarms_topic: topic(&mut env, "ALARMS_TOPIC_ARN"),
            ops_topic: topic(&mut env, "OPS_TOPIC_ARN"),
            max_alarms: env.parsed_or("ALARMS_MAX", 500),
            quota: env.parsed_or("ALARM_QUOTA", DEFAULT_ALARM_QUOTA),
            owner_tag: env.optional("OWNER_TAG_KEY").unwrap_or_else(|| "Owner".to_owned()),
            log_groups_tag: log_groups_tag.clone(),
            allow_mass_deletion: false,
            composites: env.parsed_or("COMPOSITE_ALARMS", false),
            elsewhere: false,
            prefix: prefix.clone(),
        };
        let seconds = env.checked_or("ALARM_BUDGET_SECONDS", 200, |s| (1..=800).contains(s), "between 1 and 800");
        let settings = Self {
            inventory_table: env.required("INVENTORY_TABLE"),
            coverage_table: env.required("COVERAGE_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            config_table: env.optional("CONFIG_TABLE"),
            routing_table: env.optional("ROUTING_TABLE"),
            monitor_tag: env.optional("MONITOR_TAG_KEY").unwrap_or_else(|| format!("{prefix}:monitor")),
            log_groups_tag,
            alerts_topic: env.optional("CRITICAL_ALERTS_TOPIC_ARN"),
            alarms: env.parsed_or("MANAGE_ALARMS", ManageAlarms::Plan),
            alarm_budget: Duration::from_secs(seconds),
            policy,
        };
        env.finish(settings)
    }

    /// The suite's own account and region: those of its topics.
    pub fn home(&self) -> Scope {
        let unknown = || Scope { account: String::new(), region: String::new() };
        Scope::of_arn(&self.policy.alarms_topic).unwrap_or_else(unknown)
    }
}

fn topic(env: &mut Environment<'_>, variable: &str) -> String {
    let arn = env.required(variable);
    if !arn.is_empty() && arn.split(':').filter(|part| !part.is_empty()).count() != 6 {
        env.problem(variable, "is no ARN of a topic");
    }
    arn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_missing_variables_are_named_at_once() {
        let error = Settings::read(Environment::from_lookup(|_| None)).unwrap_err().to_string();
        for variable in
            ["NAME_PREFIX", "INVENTORY_TABLE", "COVERAGE_TABLE", "AUDIT_TABLE", "ALARMS_TOPIC_ARN", "OPS_TOPIC_ARN"]
        {
            assert!(error.contains(variable), "{error}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named_with_its_rule() {
        let env = Environment::from_lookup(|name| {
            Some(match name {
                "MANAGE_ALARMS" => "maybe".to_owned(),
                "ALARMS_MAX" => "-1".to_owned(),
                "ALARM_QUOTA" => "5000".to_owned(),
                "ALARM_BUDGET_SECONDS" => "0".to_owned(),
                other => other.to_owned(),
            })
        });
        let error = Settings::read(env).unwrap_err().to_string();
        for named in [
            "MANAGE_ALARMS cannot be used: is none of off",
            "ALARMS_MAX",
            "ALARM_BUDGET_SECONDS must be",
            "ALARMS_TOPIC_ARN is no ARN",
        ] {
            assert!(error.contains(named), "{named}: {error}");
        }
    }

    #[test]
    fn tag_keys_follow_the_prefix_and_alarms_are_only_planned() {
        let env = Environment::from_lookup(|name| match name {
            "NAME_PREFIX" => Some("ops".to_owned()),
            name if name.ends_with("_ARN") => Some("arn:aws:sns:eu-west-1:111122223333:ops-alarms".to_owned()),
            name if name.ends_with("_TABLE") => Some(name.to_owned()),
            _ => None,
        });
        let settings = Settings::read(env).unwrap();
        assert_eq!((settings.monitor_tag.as_str(), settings.alarms), ("ops:monitor", ManageAlarms::Plan));
        assert_eq!(settings.home().to_string(), "111122223333/eu-west-1");
    }
}
