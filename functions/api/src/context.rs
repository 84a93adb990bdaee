//! What lives as long as the process.

use jiff::Timestamp;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, FeedbackStore, IncidentStore, SeriesStore};
use nightjar_aws::{clients, clock};

use crate::settings::Settings;

/// Built once, before the first request; a clone shares the client.
#[derive(Debug, Clone)]
pub struct Context {
    pub incidents: IncidentStore,
    pub series: SeriesStore,
    pub feedback: FeedbackStore,
    pub audit: AuditStore,
    /// The clock: lists without `until` end now.
    pub now: fn() -> Timestamp,
}

impl Context {
    pub fn new(dynamodb: aws_sdk_dynamodb::Client, settings: Settings, now: fn() -> Timestamp) -> Self {
        let Settings { incidents_table: incidents, series_table: series, audit_table } = settings;
        Self {
            feedback: FeedbackStore::new(dynamodb.clone(), incidents.clone(), series.clone()),
            incidents: IncidentStore::new(dynamodb.clone(), incidents),
            series: SeriesStore::new(dynamodb.clone(), series),
            audit: AuditStore::new(dynamodb, audit_table),
            now,
        }
    }

    /// Reads the settings and builds the clients.
    pub async fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let dynamodb = aws_sdk_dynamodb::Client::new(&clients::load().await);
        Ok(Self::new(dynamodb, settings, clock::now))
    }
}
