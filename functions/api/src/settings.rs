//! What Terraform tells the function.

use nightjar_aws::settings::{Environment, SettingsError};
use nightjar_domain::identity::Role;

use crate::caller::Authorization;
use crate::page::PageSettings;

/// The function's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `INCIDENTS_TABLE`: the incidents that are listed and shown.
    pub incidents_table: String,
    /// `SERIES_TABLE`: the series whose bar feedback moves.
    pub series_table: String,
    /// `REMEDIATIONS_TABLE`: what is under repair, and the kill switch.
    pub remediations_table: String,
    /// `INVENTORY_TABLE`: what is watched.
    pub inventory_table: String,
    /// `MODELS_TABLE`: trained models.
    pub models_table: String,
    /// `AUDIT_TABLE`: the audit trail.
    pub audit_table: String,
    /// `COVERAGE_TABLE`: what onboarding found to be covered.
    pub coverage_table: String,
    /// `CONFIG_TABLE`: the published configuration, and what people set.
    pub config_table: String,
    /// `ANCHORS_BUCKET`: the bucket with the trail's anchors.
    pub anchors_bucket: String,
    /// `ANCHORS_KEY_ARN`: the key that signs them.
    pub anchors_key_arn: String,
    /// `APPROVAL_KEY_ID`: the KMS key that approval tokens are signed with.
    pub approval_key: String,
    /// `SECURITY_FUNCTION`: the security monitor, where it is deployed.
    pub security_function: Option<String>,
    /// `API_AUTHORIZATION`: who proves callers to be whom they say; `IAM_CALLER_ROLE`: what signed callers may do.
    pub authorization: Authorization,
    /// `ROUTING_TABLE`: where products are.
    pub routing_table: String,
    /// `SILENCES_TABLE`: where silences are.
    pub silences_table: String,
    /// `NOTIFICATIONS_TABLE`: what was told, and answered, once.
    pub notifications_table: String,
    /// `INCIDENT_CHANGES_TOPIC_ARN`: where changes are told.
    pub changes_topic_arn: String,
    pub page: PageSettings,
}

impl Settings {
    pub fn read(mut environment: Environment<'_>) -> Result<Self, SettingsError> {
        let settings = Self {
            incidents_table: environment.required("INCIDENTS_TABLE"),
            series_table: environment.required("SERIES_TABLE"),
            remediations_table: environment.required("REMEDIATIONS_TABLE"),
            inventory_table: environment.required("INVENTORY_TABLE"),
            models_table: environment.required("MODELS_TABLE"),
            audit_table: environment.required("AUDIT_TABLE"),
            coverage_table: environment.required("COVERAGE_TABLE"),
            config_table: environment.required("CONFIG_TABLE"),
            anchors_bucket: environment.required("ANCHORS_BUCKET"),
            anchors_key_arn: environment.required("ANCHORS_KEY_ARN"),
            approval_key: environment.required("APPROVAL_KEY_ID"),
            security_function: environment.optional("SECURITY_FUNCTION"),
            authorization: Self::authorization(&mut environment),
            routing_table: environment.required("ROUTING_TABLE"),
            silences_table: environment.required("SILENCES_TABLE"),
            notifications_table: environment.required("NOTIFICATIONS_TABLE"),
            changes_topic_arn: environment.required("INCIDENT_CHANGES_TOPIC_ARN"),
            page: PageSettings {
                bucket: environment.optional("PAGE_BUCKET"),
                client_id: environment.optional("PAGE_CLIENT_ID"),
                user_pool_id: environment.optional("PAGE_USER_POOL_ID"),
                cognito: None,
                live: environment.optional("LIVE_URL"),
            },
        };
        environment.finish(settings)
    }

    /// Without a word, the strictest: tokens.
    fn authorization(environment: &mut Environment<'_>) -> Authorization {
        let role = environment.parsed_or("IAM_CALLER_ROLE", Role::Admin);
        match environment.parsed_or("API_AUTHORIZATION", Authorization::Jwt) {
            Authorization::Iam(_) => Authorization::Iam(role),
            other => other,
        }
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
                 REMEDIATIONS_TABLE is not set; INVENTORY_TABLE is not set; MODELS_TABLE is not set; AUDIT_TABLE is not set; COVERAGE_TABLE is not set; CONFIG_TABLE is not set; ANCHORS_BUCKET is not set; ANCHORS_KEY_ARN is not set; \
                 APPROVAL_KEY_ID is not set; ROUTING_TABLE is not set; SILENCES_TABLE is not set; NOTIFICATIONS_TABLE is not set; INCIDENT_CHANGES_TOPIC_ARN is not set. They are set by Terraform (infrastructure/)"
            );
        }
    }

    #[test]
    fn what_is_set_is_used() {
        let environment = Environment::from_lookup(|name| match name {
            "API_AUTHORIZATION" => Some("AWS_IAM".to_owned()),
            "IAM_CALLER_ROLE" => Some("viewer".to_owned()),
            name => Some(name.to_lowercase()),
        });
        let settings = Settings::read(environment).unwrap();
        assert_eq!(
            (settings.series_table.as_str(), settings.anchors_bucket.as_str(), settings.approval_key.as_str()),
            ("series_table", "anchors_bucket", "approval_key_id")
        );
        assert_eq!(settings.authorization, Authorization::Iam(Role::Viewer));
    }

    #[test]
    fn without_a_word_tokens_are_asked_for() {
        let lookup =
            |name: &str| (!matches!(name, "API_AUTHORIZATION" | "IAM_CALLER_ROLE")).then(|| name.to_lowercase());
        assert_eq!(Settings::read(Environment::from_lookup(lookup)).unwrap().authorization, Authorization::Jwt);
        let wrong = Environment::from_lookup(|name| Some(name.to_lowercase()));
        let error = Settings::read(wrong).unwrap_err().to_string();
        assert!(
            error.contains("IAM_CALLER_ROLE cannot be used") && error.contains("is none of JWT, AWS_IAM or NONE"),
            "{error}"
        );
    }
}
