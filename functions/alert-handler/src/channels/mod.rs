//! The ways to people, one file each. A channel says what is to be sent; sending is the same for all of them.

mod alertmanager;
mod pagerduty;
mod slack;
mod slack_app;
mod smtp;
mod teams;
mod topic;
mod webhook;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use anyhow::Context as _;
use nightjar_domain::alert::Bulletin;
use nightjar_domain::routing::held::Thread;
use nightjar_domain::routing::{Channel as Configured, Group, Routes};

use crate::aws_call::{AwsCaller, CallError};
use crate::http::{self, Post, SendError};
use crate::secrets::{Secret, SecretError, Secrets};

pub use slack_app::Chat;
pub use smtp::Mail;

/// One way to people.
pub trait Channel: fmt::Debug + Send + Sync {
    /// What to send for `bulletin`.
    fn render(&self, bulletin: &Bulletin) -> Result<Outgoing, RenderError>;
}

/// What is sent, and how.
#[derive(Debug, Clone)]
pub enum Outgoing {
    Post(Post),
    Publish { topic_arn: String, subject: Option<String>, message: String },
    Chat(Box<Chat>),
    Mail(Box<Mail>),
}

/// A notification could not be put into a channel's form, or its channel is set up wrongly.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("the payload cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the payload cannot be signed: {0}")]
    Signature(#[from] standardwebhooks::WebhookError),
    #[error("the mail cannot be written: {0}")]
    Mail(#[from] lettre::error::Error),
}

/// Why a notification did not get through.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Aws(#[from] CallError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("the channel cannot be set up: {0}")]
    SetUp(String),
}

/// A configured channel, and what it needs to know.
#[derive(Debug)]
struct Entry {
    configured: Configured,
    secrets: Vec<(&'static str, Secret)>,
}

/// The channels that are set up, and the client they share.
#[derive(Debug)]
pub struct Channels {
    entries: BTreeMap<(String, String), Entry>,
    secrets: Secrets,
    aws: AwsCaller,
    /// Built when something is sent for the first time: it reads the system's certificates.
    http: OnceLock<reqwest::Client>,
}

impl Channels {
    /// The channels of `routes`. One whose environment variables are all unset is left out; one that has some of them is an
    /// error, as is a value that cannot be used.
    pub fn open(routes: &Routes, aws: AwsCaller, env: impl Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        let mut entries = BTreeMap::new();
        let mut problems = Vec::new();
        for (receiver, settings) in &routes.receivers {
            for configured in &settings.channels {
                let path = format!("{receiver}/{}", configured.name());
                match Secrets::collect(configured, &env) {
                    Ok(None) => {}
                    Err(missing) => problems.push(format!("{path}: {missing}")),
                    Ok(Some(secrets)) => {
                        let known: Option<Vec<(&str, &str)>> =
                            secrets.iter().map(|(field, secret)| Some((*field, secret.known()?))).collect();
                        if let Some(Err(problem)) = known.map(|known| build(configured, &known)) {
                            problems.push(format!("{path}: {problem:#}"));
                        }
                        let entry = Entry { configured: configured.clone(), secrets };
                        entries.insert((receiver.clone(), configured.name().to_owned()), entry);
                    }
                }
            }
        }
        anyhow::ensure!(problems.is_empty(), "{}", problems.join("; "));
        Ok(Self { entries, secrets: Secrets::default(), aws, http: OnceLock::new() })
    }

    /// Whether the group's channel can be used: what is not set up is left out, as the document says.
    pub fn is_set_up(&self, group: &Group) -> bool {
        self.entries.contains_key(&(group.receiver.clone(), group.channel.clone()))
    }

    /// The channels of a receiver that are set up.
    pub fn of(&self, receiver: &str) -> impl Iterator<Item = &str> {
        self.entries.keys().filter(move |(name, _)| name == receiver).map(|(_, channel)| channel.as_str())
    }

    /// Whether the group's channel refers to the first message of a group.
    pub fn keeps_thread(&self, group: &Group) -> bool {
        let entry = self.entries.get(&(group.receiver.clone(), group.channel.clone()));
        entry.is_some_and(|entry| entry.configured.keeps_thread())
    }

    /// Sends once. Where it is the message that later ones refer to, its place is returned.
    pub async fn send(&self, bulletin: &Bulletin) -> Result<Option<Thread>, ChannelError> {
        let key = (bulletin.group.receiver.clone(), bulletin.group.channel.clone());
        let entry = self.entries.get(&key).ok_or_else(|| ChannelError::SetUp("it is not in the routes".to_owned()))?;
        let http = self.http().map_err(|error| ChannelError::SetUp(error.to_string()))?;
        let known = self.secrets.resolve(&entry.secrets, &self.aws, http, bulletin.sent_at).await?;
        let known: Vec<(&str, &str)> = known.iter().map(|(field, value)| (*field, value.as_str())).collect();
        let channel = build(&entry.configured, &known).map_err(|error| ChannelError::SetUp(format!("{error:#}")))?;
        let sent = match channel.render(bulletin)? {
            Outgoing::Post(post) => http::send(http, post).await.map(|()| None),
            Outgoing::Chat(chat) => slack_app::say(http, &chat).await,
            Outgoing::Mail(mail) => smtp::deliver(*mail).await.map(|()| None),
            Outgoing::Publish { topic_arn, subject, message } => {
                self.aws.publish(http, &topic_arn, subject.as_deref(), &message).await?;
                return Ok(None);
            }
        };
        if matches!(sent, Err(SendError::Refused { .. } | SendError::Declined { .. } | SendError::Mail { .. })) {
            // The key may have been changed since it was read.
            self.secrets.forget(&entry.secrets);
        }
        Ok(sent?)
    }

    /// Keeps a message in a queue.
    pub async fn enqueue(&self, queue_url: &str, body: &str) -> Result<(), ChannelError> {
        let http = self.http().map_err(|error| ChannelError::SetUp(error.to_string()))?;
        let message = serde_json::json!({ "QueueUrl": queue_url, "MessageBody": body });
        self.aws.json(http, "sqs", "AmazonSQS.SendMessage", &message).await?;
        Ok(())
    }

    fn http(&self) -> Result<&reqwest::Client, reqwest::Error> {
        if let Some(client) = self.http.get() {
            return Ok(client);
        }
        let client = http::client()?;
        Ok(self.http.get_or_init(|| client))
    }
}

/// The channel with what it needs to know.
fn build(configured: &Configured, known: &[(&str, &str)]) -> anyhow::Result<Box<dyn Channel>> {
    let value = |field: &str| known.iter().find(|(name, _)| *name == field).map(|(_, value)| *value);
    let required = |field: &'static str| value(field).with_context(|| format!("{field} is missing"));
    Ok(match configured {
        Configured::Slack { mention, .. } => {
            Box::new(slack::Slack { endpoint: endpoint(required("url")?)?, mention: mention.clone() })
        }
        Configured::SlackApp { channel, mention, url, .. } => Box::new(slack_app::SlackApp {
            endpoints: slack_app::Endpoints::below(url.as_deref().unwrap_or(slack_app::WEB_API)).context("url")?,
            token: required("token")?.to_owned(),
            channel: channel.clone(),
            mention: mention.clone(),
        }),
        Configured::Smtp { from, to, .. } => Box::new(smtp::Smtp {
            relay: required("server")?.parse().context("server")?,
            from: from.parse().context("from")?,
            to: to.iter().map(|address| address.parse().context("to")).collect::<anyhow::Result<_>>()?,
        }),
        Configured::Teams { .. } => Box::new(teams::Teams { endpoint: endpoint(required("url")?)? }),
        Configured::Pagerduty { url, .. } => Box::new(pagerduty::PagerDuty {
            endpoint: endpoint(url.as_deref().unwrap_or(pagerduty::EVENTS))?,
            routing_key: required("routing_key")?.to_owned(),
        }),
        Configured::Webhook { .. } => {
            let mut signers = vec![signer("secret", required("secret")?)?];
            if let Some(next) = value("next_secret") {
                signers.push(signer("next_secret", next)?);
            }
            Box::new(webhook::SignedWebhook { endpoint: endpoint(required("url")?)?, signers })
        }
        Configured::Alertmanager { .. } => Box::new(alertmanager::Alertmanager {
            endpoint: endpoint(required("url")?)?,
            bearer_token: value("bearer_token").map(str::to_owned),
        }),
        Configured::Email { .. } => {
            Box::new(topic::Topic { arn: required("topic_arn")?.to_owned(), form: topic::Form::Email })
        }
        Configured::Sns { .. } => {
            Box::new(topic::Topic { arn: required("topic_arn")?.to_owned(), form: topic::Form::Json })
        }
    })
}

fn endpoint(text: &str) -> anyhow::Result<crate::settings::Endpoint> {
    text.parse().context("url")
}

fn signer(field: &'static str, text: &str) -> anyhow::Result<crate::settings::Signer> {
    text.parse().context(field)
}
