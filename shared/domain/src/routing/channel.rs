//! The channels that a receiver may have: what they are and where their secrets lie, never the secrets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a secret is kept. The document never holds one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretRef {
    /// An environment variable of the function. Where it is not set, the channel is not set up, and is left out.
    Env(String),
    /// The name of a `SecureString` in SSM Parameter Store, such as `/aiops/slack`.
    Ssm(String),
}

/// One way to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Channel {
    /// A Slack incoming webhook.
    Slack {
        #[serde(default)]
        name: Option<String>,
        url: SecretRef,
        /// Whether to tell when it is over. Default: no.
        #[serde(default)]
        send_resolved: Option<bool>,
        /// Said before the message, such as `<!here>`. Default: nobody is pinged.
        #[serde(default)]
        mention: Option<String>,
    },
    /// A Microsoft Teams Workflows webhook.
    Teams {
        #[serde(default)]
        name: Option<String>,
        url: SecretRef,
        /// Default: no.
        #[serde(default)]
        send_resolved: Option<bool>,
    },
    /// `PagerDuty` Events API v2.
    Pagerduty {
        #[serde(default)]
        name: Option<String>,
        routing_key: SecretRef,
        /// Another address of the Events API, such as `https://events.eu.pagerduty.com/v2/enqueue`.
        #[serde(default)]
        url: Option<String>,
        /// Default: yes.
        #[serde(default)]
        send_resolved: Option<bool>,
    },
    /// Any system that verifies a Standard Webhooks signature.
    Webhook {
        #[serde(default)]
        name: Option<String>,
        url: SecretRef,
        /// `whsec_…`
        secret: SecretRef,
        /// While keys are changed: the post carries a signature of each.
        #[serde(default)]
        next_secret: Option<SecretRef>,
        /// Default: yes.
        #[serde(default)]
        send_resolved: Option<bool>,
    },
    /// Any receiver of Alertmanager's webhook, version 4.
    Alertmanager {
        #[serde(default)]
        name: Option<String>,
        url: SecretRef,
        /// Sent as `Authorization: Bearer …`.
        #[serde(default)]
        bearer_token: Option<SecretRef>,
        /// Default: yes.
        #[serde(default)]
        send_resolved: Option<bool>,
    },
    /// E-mail to the subscribers of an SNS topic: readable text.
    Email {
        #[serde(default)]
        name: Option<String>,
        topic_arn: SecretRef,
        /// Default: no.
        #[serde(default)]
        send_resolved: Option<bool>,
    },
    /// JSON to an SNS topic, for programs.
    Sns {
        #[serde(default)]
        name: Option<String>,
        topic_arn: SecretRef,
        /// Default: yes.
        #[serde(default)]
        send_resolved: Option<bool>,
    },
}

impl Channel {
    /// Its kind, as the document spells it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Slack { .. } => "slack",
            Self::Teams { .. } => "teams",
            Self::Pagerduty { .. } => "pagerduty",
            Self::Webhook { .. } => "webhook",
            Self::Alertmanager { .. } => "alertmanager",
            Self::Email { .. } => "email",
            Self::Sns { .. } => "sns",
        }
    }

    /// Its name within its receiver: by default its kind.
    pub fn name(&self) -> &str {
        let (Self::Slack { name, .. }
        | Self::Teams { name, .. }
        | Self::Pagerduty { name, .. }
        | Self::Webhook { name, .. }
        | Self::Alertmanager { name, .. }
        | Self::Email { name, .. }
        | Self::Sns { name, .. }) = self;
        name.as_deref().unwrap_or(self.kind())
    }

    /// Whether people are told when it is over. The defaults are Alertmanager's.
    pub fn sends_resolved(&self) -> bool {
        let (Self::Slack { send_resolved, .. }
        | Self::Teams { send_resolved, .. }
        | Self::Pagerduty { send_resolved, .. }
        | Self::Webhook { send_resolved, .. }
        | Self::Alertmanager { send_resolved, .. }
        | Self::Email { send_resolved, .. }
        | Self::Sns { send_resolved, .. }) = self;
        send_resolved.unwrap_or(match self {
            Self::Slack { .. } | Self::Teams { .. } | Self::Email { .. } => false,
            Self::Pagerduty { .. } | Self::Webhook { .. } | Self::Alertmanager { .. } | Self::Sns { .. } => true,
        })
    }

    /// Whether the other side has a state for "somebody is on it".
    pub fn sends_acknowledged(&self) -> bool {
        matches!(self, Self::Pagerduty { .. })
    }

    /// What it needs to know before it can send, by the name of the field.
    pub fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        match self {
            Self::Slack { url, .. } | Self::Teams { url, .. } => vec![("url", url)],
            Self::Pagerduty { routing_key, .. } => vec![("routing_key", routing_key)],
            Self::Webhook { url, secret, next_secret, .. } => {
                let next = next_secret.iter().map(|next| ("next_secret", next));
                [("url", url), ("secret", secret)].into_iter().chain(next).collect()
            }
            Self::Alertmanager { url, bearer_token, .. } => {
                let token = bearer_token.iter().map(|token| ("bearer_token", token));
                std::iter::once(("url", url)).chain(token).collect()
            }
            Self::Email { topic_arn, .. } | Self::Sns { topic_arn, .. } => vec![("topic_arn", topic_arn)],
        }
    }
}
