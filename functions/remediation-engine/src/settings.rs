//! What Terraform tells this function.

use jiff::SignedDuration;
use nightjar_aws::settings::{Environment, SettingsError};
use nightjar_domain::remediation::{Mode, Policy};

/// The function's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub remediations_table: String,
    pub audit_table: String,
    pub critical_alerts_topic_arn: String,
    pub policy: Policy,
    /// How long the owner of a claim may be at work. At least the function's timeout: a claim must not expire under a
    /// worker that is alive.
    pub lease: SignedDuration,
    /// How long a delivery may take to tell people before another one does.
    pub publish_lease: SignedDuration,
}

impl Settings {
    pub fn read(mut env: Environment<'_>) -> Result<Self, SettingsError> {
        let prefix = env.required("NAME_PREFIX");
        let minutes = |env: &mut Environment<'_>, variable, default| {
            SignedDuration::from_mins(env.checked_or(
                variable,
                default,
                |m| (1..=10_080).contains(m),
                "between 1 and 10080",
            ))
        };
        let settings = Self {
            remediations_table: env.required("REMEDIATIONS_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            critical_alerts_topic_arn: env.required("CRITICAL_ALERTS_TOPIC_ARN"),
            policy: Policy {
                mode: env.parsed_or("REMEDIATION_MODE", Mode::DryRun),
                opt_in_tag: env.optional("REMEDIATE_TAG_KEY").unwrap_or_else(|| format!("{prefix}:remediate")),
                protected_tag: format!("{prefix}:never-touch"),
                cooldown: minutes(&mut env, "COOLDOWN_MINUTES", 60),
                max_incident_age: minutes(&mut env, "MAX_INCIDENT_AGE_MINUTES", 60),
            },
            lease: SignedDuration::from_secs(env.checked_or(
                "CLAIM_LEASE_SECONDS",
                120,
                |seconds| (60..=3600).contains(seconds),
                "between 60 and 3600",
            )),
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
            "REMEDIATION_MODE" => Some("yes".to_owned()),
            "COOLDOWN_MINUTES" => Some("0".to_owned()),
            _ => None,
        });
        insta::assert_snapshot!(
            Settings::read(env).unwrap_err(),
            @"the function's environment variables are not usable: NAME_PREFIX is not set; REMEDIATIONS_TABLE is not set; AUDIT_TABLE is not set; CRITICAL_ALERTS_TOPIC_ARN is not set; REMEDIATION_MODE cannot be used: unknown remediation mode \"yes\": use one of off, dry_run, auto; COOLDOWN_MINUTES must be between 1 and 10080. They are set by Terraform (infrastructure/)"
        );
    }

    #[test]
    fn without_a_mode_nothing_is_carried_out() {
        let required = ["NAME_PREFIX", "REMEDIATIONS_TABLE", "AUDIT_TABLE", "CRITICAL_ALERTS_TOPIC_ARN"];
        let env = Environment::from_lookup(|name| required.contains(&name).then(|| "aiops".to_owned()));
        assert_eq!(Settings::read(env).unwrap().policy.mode, Mode::DryRun);
    }
}
