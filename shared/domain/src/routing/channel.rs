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
    /// The name or ARN of a secret in Secrets Manager, such as `aiops/slack`. With `#key` at the end, that member of a secret
    /// that is a JSON object.
    #[serde(rename = "secretsmanager")]
    SecretsManager(String),
}

impl SecretRef {
    /// Reads `ssm:/aiops/slack` and `secretsmanager:aiops/alerts#slack`, as an environment variable may say instead of the
    /// secret itself. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (store, name) = text.split_once(':')?;
        match store {
            "ssm" => Some(Self::Ssm(name.to_owned())),
            "secretsmanager" => Some(Self::SecretsManager(name.to_owned())),
            _ => None,
        }
    }

    /// The variable, the parameter or the secret.
    pub fn name(&self) -> &str {
        let (Self::Env(name) | Self::Ssm(name) | Self::SecretsManager(name)) = self;
        name
    }
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
    /// A Slack app with a bot token: the first message of a group is brought up to date as things change, and what comes after
    /// it goes into its thread.
    SlackApp {
        #[serde(default)]
        name: Option<String>,
        /// `xoxb-…`, with the scope `chat:write`.
        token: SecretRef,
        /// The id of the channel, such as `C0123456789`. The app must be a member of it.
        channel: String,
        /// Default: yes.
        #[serde(default)]
        send_resolved: Option<bool>,
        /// Said before the first message and before what is news, such as `<!here>`. Default: nobody is pinged.
        #[serde(default)]
        mention: Option<String>,
        /// Another address of Slack's Web API. Default: `https://slack.com/api/`.
        #[serde(default)]
        url: Option<String>,
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
    /// E-mail through a relay of your own.
    Smtp {
        #[serde(default)]
        name: Option<String>,
        /// `smtps://user:password@host:465` for TLS from the first byte, `smtp://user:password@host:587` for STARTTLS, without
        /// which nothing is sent. Unencrypted only for `localhost` and loopback addresses.
        server: SecretRef,
        from: String,
        #[schemars(length(min = 1))]
        to: Vec<String>,
        /// Default: yes.
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
            Self::SlackApp { .. } => "slack_app",
            Self::Teams { .. } => "teams",
            Self::Pagerduty { .. } => "pagerduty",
            Self::Webhook { .. } => "webhook",
            Self::Alertmanager { .. } => "alertmanager",
            Self::Email { .. } => "email",
            Self::Smtp { .. } => "smtp",
            Self::Sns { .. } => "sns",
        }
    }

    /// Its name within its receiver: by default its kind.
    pub fn name(&self) -> &str {
        let (Self::Slack { name, .. }
        | Self::SlackApp { name, .. }
        | Self::Teams { name, .. }
        | Self::Pagerduty { name, .. }
        | Self::Webhook { name, .. }
        | Self::Alertmanager { name, .. }
        | Self::Email { name, .. }
        | Self::Smtp { name, .. }
        | Self::Sns { name, .. }) = self;
        name.as_deref().unwrap_or(self.kind())
    }

    /// Whether people are told when it is over. The defaults are Alertmanager's; where an earlier message is brought up to date
    /// or joined by the new one, the default is yes.
    pub fn sends_resolved(&self) -> bool {
        let (Self::Slack { send_resolved, .. }
        | Self::SlackApp { send_resolved, .. }
        | Self::Teams { send_resolved, .. }
        | Self::Pagerduty { send_resolved, .. }
        | Self::Webhook { send_resolved, .. }
        | Self::Alertmanager { send_resolved, .. }
        | Self::Email { send_resolved, .. }
        | Self::Smtp { send_resolved, .. }
        | Self::Sns { send_resolved, .. }) = self;
        send_resolved.unwrap_or(match self {
            Self::Slack { .. } | Self::Teams { .. } | Self::Email { .. } => false,
            Self::SlackApp { .. }
            | Self::Pagerduty { .. }
            | Self::Webhook { .. }
            | Self::Alertmanager { .. }
            | Self::Smtp { .. }
            | Self::Sns { .. } => true,
        })
    }

    /// Whether the other side has a state for "somebody is on it".
    pub fn sends_acknowledged(&self) -> bool {
        matches!(self, Self::Pagerduty { .. } | Self::SlackApp { .. })
    }

    /// Whether the first message of a group is remembered, because what comes after it refers to it.
    pub fn keeps_thread(&self) -> bool {
        matches!(self, Self::SlackApp { .. })
    }

    /// What is wrong with it beyond its form, each with the name of the field.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self
            .secrets()
            .into_iter()
            .filter(|(_, reference)| reference.name().is_empty())
            .map(|(field, _)| format!("{field}: names no place: it is empty"))
            .collect();
        match self {
            Self::SlackApp { channel, .. } if channel.trim().is_empty() => {
                problems.push("channel: is empty: give the id of the channel, such as C0123456789".to_owned());
            }
            Self::Smtp { from, to, .. } => {
                let list = to.iter().enumerate().map(|(index, address)| (format!("to[{index}]"), address));
                let wrong =
                    std::iter::once(("from".to_owned(), from)).chain(list).filter(|(_, text)| !is_address(text));
                problems.extend(wrong.map(|(field, text)| format!("{field}: {text:?} is no e-mail address")));
                if to.is_empty() {
                    problems.push("to: is empty: nobody would be told".to_owned());
                }
            }
            _ => {}
        }
        problems
    }

    /// What it needs to know before it can send, by the name of the field.
    pub fn secrets(&self) -> Vec<(&'static str, &SecretRef)> {
        match self {
            Self::Slack { url, .. } | Self::Teams { url, .. } => vec![("url", url)],
            Self::SlackApp { token, .. } => vec![("token", token)],
            Self::Pagerduty { routing_key, .. } => vec![("routing_key", routing_key)],
            Self::Webhook { url, secret, next_secret, .. } => {
                let next = next_secret.iter().map(|next| ("next_secret", next));
                [("url", url), ("secret", secret)].into_iter().chain(next).collect()
            }
            Self::Alertmanager { url, bearer_token, .. } => {
                let token = bearer_token.iter().map(|token| ("bearer_token", token));
                std::iter::once(("url", url)).chain(token).collect()
            }
            Self::Smtp { server, .. } => vec![("server", server)],
            Self::Email { topic_arn, .. } | Self::Sns { topic_arn, .. } => vec![("topic_arn", topic_arn)],
        }
    }
}

/// `name@host` or `Name <name@host>`: whether more is wrong with it, the relay says.
fn is_address(text: &str) -> bool {
    let bare = text.split_once('<').map_or(text, |(_, rest)| rest.strip_suffix('>').unwrap_or_default());
    let parts = bare.trim().split_once('@');
    parts.is_some_and(|(name, host)| {
        !name.is_empty() && !host.is_empty() && !bare.trim().contains(|c: char| c.is_whitespace() || c.is_control())
    })
}
