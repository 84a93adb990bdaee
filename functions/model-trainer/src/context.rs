//! What lives as long as the process: settings and clients.

use jiff::Timestamp;
use nightjar_aws::config::ConfigReader;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, InventoryStore, ModelStore};
use nightjar_aws::{clients, clock};
use nightjar_domain::configuration::Document;
use nightjar_domain::maintenance::MaintenanceWindows;

use crate::settings::Settings;

/// Built once, before the first event.
#[derive(Debug)]
pub struct Context {
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub inventory: InventoryStore,
    pub models: ModelStore,
    pub audit: AuditStore,
    pub config: ConfigReader,
    pub maintenance: MaintenanceWindows,
    /// The clock: a run ends before Lambda ends it.
    pub now: fn() -> Timestamp,
}

impl Context {
    pub async fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let config = clients::load().await;
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        let audit = AuditStore::new(dynamodb.clone(), settings.audit_table);
        Ok(Self {
            config: ConfigReader::new(dynamodb.clone(), settings.config_table, audit.clone(), "model-trainer"),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table),
            models: ModelStore::new(dynamodb, settings.models_table),
            audit,
            maintenance: MaintenanceWindows::default(),
            now: clock::now,
        })
    }

    /// Takes up what was published since the last time.
    pub async fn refresh(&mut self, now: Timestamp) -> anyhow::Result<()> {
        if let Some(new) = self.config.newer(Document::MaintenanceWindows, now, MaintenanceWindows::parse).await? {
            self.maintenance = new.value;
        }
        Ok(())
    }
}
