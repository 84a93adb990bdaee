//! What every invocation shares: built once, before the first event.

use jiff::SignedDuration;
use nightjar_aws::clients;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, NotificationStore};

use crate::channels::Channels;
use crate::settings::Settings;

/// Clients and channels.
#[derive(Debug)]
pub struct Context {
    pub notifications: NotificationStore,
    pub audit: AuditStore,
    /// `None` when neither Slack nor a webhook is set up: email goes through SNS itself.
    pub channels: Option<Channels>,
    pub publish_lease: SignedDuration,
}

impl Context {
    /// From the process's environment.
    pub async fn load() -> Result<Self, lambda_runtime::Error> {
        let settings = Settings::read(Environment::process())?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&clients::load().await);
        Ok(Self::new(settings, dynamodb)?)
    }

    /// From settings and a client.
    pub fn new(settings: Settings, dynamodb: aws_sdk_dynamodb::Client) -> Result<Self, reqwest::Error> {
        Ok(Self {
            notifications: NotificationStore::new(dynamodb.clone(), settings.notifications_table),
            audit: AuditStore::new(dynamodb, settings.audit_table),
            channels: Channels::open(settings.slack, settings.webhook)?,
            publish_lease: settings.publish_lease,
        })
    }
}
