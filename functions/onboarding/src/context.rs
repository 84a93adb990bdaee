//! What lives as long as the process: settings, clients, the catalogue.

use nightjar_aws::clients;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, InventoryStore};
use nightjar_domain::catalogue::Catalogue;
use nightjar_ec2::Fleet;

use crate::settings::Settings;

/// Built once, before the first event.
#[derive(Debug)]
pub struct Context {
    pub settings: Settings,
    pub catalogue: Catalogue,
    pub fleet: Fleet,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub inventory: InventoryStore,
    pub audit: AuditStore,
}

impl Context {
    pub async fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let config = clients::load().await;
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        Ok(Self {
            catalogue: Catalogue::bundled()?,
            fleet: Fleet::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table.clone()),
            audit: AuditStore::new(dynamodb, settings.audit_table.clone()),
            settings,
        })
    }
}
