//! What lives as long as the process: settings, clients, the models.

use nightjar_aws::clients;
use nightjar_aws::envelope::Publisher;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, InventoryStore, ModelStore, SeriesStore};
use nightjar_domain::maintenance::MaintenanceWindows;

use crate::models::Models;
use crate::settings::Settings;

/// Built once, before the first event.
#[derive(Debug)]
pub struct Context {
    pub models: Models,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub inventory: InventoryStore,
    pub series: SeriesStore,
    pub audit: AuditStore,
    pub anomalies: Publisher,
    pub maintenance: MaintenanceWindows,
}

impl Context {
    pub async fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let config = clients::load().await;
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        Ok(Self {
            maintenance: settings.maintenance,
            models: Models::new(ModelStore::new(dynamodb.clone(), settings.models_table)),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table),
            series: SeriesStore::new(dynamodb.clone(), settings.series_table),
            audit: AuditStore::new(dynamodb, settings.audit_table),
            anomalies: Publisher::new(aws_sdk_sns::Client::new(&config), settings.anomalies_topic_arn),
        })
    }
}
