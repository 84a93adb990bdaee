//! What lives as long as the process: settings, clients, the catalogue.

use nightjar_aws::clients;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, CoverageStore, InventoryStore};
use nightjar_domain::catalogue::Catalogue;
use nightjar_ec2::Fleet;

use crate::settings::Settings;
use crate::signed::Signed;

/// Built once, before the first event.
#[derive(Debug)]
pub struct Context {
    pub settings: Settings,
    pub catalogue: Catalogue,
    pub fleet: Fleet,
    pub signed: Signed,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub inventory: InventoryStore,
    pub coverage: CoverageStore,
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
            signed: Signed::new(&config)?,
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table.clone()),
            coverage: CoverageStore::new(dynamodb.clone(), settings.coverage_table.clone()),
            audit: AuditStore::new(dynamodb, settings.audit_table.clone()),
            settings,
        })
    }
}
