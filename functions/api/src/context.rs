//! What lives as long as the process.

use jiff::Timestamp;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::IncidentStore;
use nightjar_aws::{clients, clock};

use crate::settings::Settings;

/// Built once, before the first request; a clone shares the client.
#[derive(Debug, Clone)]
pub struct Context {
    pub incidents: IncidentStore,
    /// The clock: lists without `until` end now.
    pub now: fn() -> Timestamp,
}

impl Context {
    /// Reads the settings and builds the clients.
    pub async fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&clients::load().await);
        Ok(Self { incidents: IncidentStore::new(dynamodb, settings.incidents_table), now: clock::now })
    }
}
