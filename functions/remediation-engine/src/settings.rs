//! What Terraform tells this function.

use jiff::SignedDuration;
use nightjar_aws::settings::{Environment, SettingsError};
use nightjar_domain::remediation::{Bounds, Mode};

/// The function's settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub remediations_table: String,
    pub incidents_table: String,
    pub inventory_table: String,
    pub audit_table: String,
    pub critical_alerts_topic_arn: String,
    pub bounds: Bounds,
    /// Where the published configuration is; without it what ships is in force.
    pub config_table: Option<String>,
    /// The tag that snapshots carry, with the incident as its value.
    pub incident_tag: String,
    /// The KMS key that signs approval tokens; needed in mode `approve`.
    pub approval_key: Option<String>,
    /// Address of the API, for the link in a message that asks for an approval.
    pub api_endpoint: Option<String>,
    /// A search of logs is stopped when it has scanned more.
    pub scan_limit_bytes: u64,
    /// How long the owner of a claim may be at work. At least the function's timeout: a claim must not expire under a
    /// worker that is alive.
    pub lease: SignedDuration,
    /// How long a delivery may take to tell people before another one does.
    pub publish_lease: SignedDuration,
}

impl Settings {
    pub fn read(mut env: Environment<'_>) -> Result<Self, SettingsError> {
        let prefix = env.required("NAME_PREFIX");
        let minutes = |env: &mut Environment<'_>, variable, default, least: i64| {
            let rule = format!("between {least} and 10080");
            SignedDuration::from_mins(env.checked_or(variable, default, |m| (least..=10_080).contains(m), &rule))
        };
        let settings = Self {
            remediations_table: env.required("REMEDIATIONS_TABLE"),
            incidents_table: env.required("INCIDENTS_TABLE"),
            inventory_table: env.required("INVENTORY_TABLE"),
            audit_table: env.required("AUDIT_TABLE"),
            critical_alerts_topic_arn: env.required("CRITICAL_ALERTS_TOPIC_ARN"),
            bounds: Bounds {
                mode: env.parsed_or("REMEDIATION_MODE", Mode::DryRun),
                security_mode: env.parsed_or("SECURITY_REMEDIATION_MODE", Mode::Approve),
                opt_in_tag: env.optional("REMEDIATE_TAG_KEY").unwrap_or_else(|| format!("{prefix}:remediate")),
                protected_tag: format!("{prefix}:never-touch"),
                product_tag: format!("{prefix}:product"),
                cooldown: minutes(&mut env, "COOLDOWN_MINUTES", 60, 1),
                max_incident_age: minutes(&mut env, "MAX_INCIDENT_AGE_MINUTES", 60, 1),
                min_instance_age: minutes(&mut env, "MIN_INSTANCE_AGE_MINUTES", 15, 0),
                home: Some(env.scope_of("CRITICAL_ALERTS_TOPIC_ARN")),
            },
            config_table: env.optional("CONFIG_TABLE"),
            incident_tag: format!("{prefix}:incident"),
            approval_key: env.optional("APPROVAL_KEY_ID"),
            api_endpoint: env.optional("API_ENDPOINT"),
            scan_limit_bytes: 1_000_000
                * env.checked_or(
                    "LOG_SCAN_LIMIT_MB",
                    2000,
                    |megabytes| (1..=1_000_000).contains(megabytes),
                    "between 1 and 1000000",
                ),
            lease: SignedDuration::from_secs(env.checked_or(
                "CLAIM_LEASE_SECONDS",
                120,
                |seconds| (60..=3600).contains(seconds),
                "between 60 and 3600",
            )),
            publish_lease: env.publish_lease(),
        };
        if settings.bounds.mode >= Mode::Approve && settings.approval_key.is_none() {
            env.problem(
                "APPROVAL_KEY_ID",
                "is not set: approvals are signed with it, and attacks are answered with approval in mode auto too",
            );
        }
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
            @"the function's environment variables are not usable: NAME_PREFIX is not set; REMEDIATIONS_TABLE is not set; INCIDENTS_TABLE is not set; INVENTORY_TABLE is not set; AUDIT_TABLE is not set; CRITICAL_ALERTS_TOPIC_ARN is not set; REMEDIATION_MODE cannot be used: unknown remediation mode \"yes\": use one of off, dry_run, approve, auto; COOLDOWN_MINUTES must be between 1 and 10080. They are set by Terraform (infrastructure/)"
        );
    }

    fn with(mode: Option<&'static str>) -> Environment<'static> {
        let required = [
            "NAME_PREFIX",
            "REMEDIATIONS_TABLE",
            "INCIDENTS_TABLE",
            "INVENTORY_TABLE",
            "AUDIT_TABLE",
            "CRITICAL_ALERTS_TOPIC_ARN",
        ];
        Environment::from_lookup(move |name| match name {
            "REMEDIATION_MODE" => mode.map(str::to_owned),
            "CRITICAL_ALERTS_TOPIC_ARN" => Some("arn:aws:sns:us-east-1:000000000000:aiops-critical-alerts".to_owned()),
            name => required.contains(&name).then(|| "aiops".to_owned()),
        })
    }

    #[test]
    fn without_a_mode_nothing_is_carried_out() {
        assert_eq!(Settings::read(with(None)).unwrap().bounds.mode, Mode::DryRun);
    }

    #[test]
    fn approvals_need_a_key() {
        let error = Settings::read(with(Some("approve"))).unwrap_err().to_string();
        assert!(error.contains("APPROVAL_KEY_ID is not set"), "{error}");
    }
}
