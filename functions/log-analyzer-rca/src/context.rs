//! What lives as long as the process: settings, clients, the log signals.

use nightjar_aws::clients;
use nightjar_aws::envelope::Publisher;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, IncidentStore, InventoryStore};
use nightjar_domain::diagnosis::LogSignals;

use crate::gather::ChangeCache;
use crate::settings::Settings;

/// Built once, before the first event.
#[derive(Debug)]
pub struct Context {
    pub settings: Settings,
    pub signals: LogSignals,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub metrics: aws_sdk_cloudwatch::Client,
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    pub changes: ChangeCache,
    pub inventory: InventoryStore,
    pub incidents: IncidentStore,
    pub audit: AuditStore,
    pub critical_alerts: Publisher,
}

impl Context {
    pub async fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let config = clients::load().await;
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        Ok(Self {
            signals: LogSignals::bundled()?,
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            metrics: aws_sdk_cloudwatch::Client::new(&config),
            cloudtrail: aws_sdk_cloudtrail::Client::new(&config),
            changes: ChangeCache::default(),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table.clone()),
            incidents: IncidentStore::new(dynamodb.clone(), settings.incidents_table.clone()),
            audit: AuditStore::new(dynamodb, settings.audit_table.clone()),
            critical_alerts: Publisher::new(
                aws_sdk_sns::Client::new(&config),
                settings.critical_alerts_topic_arn.clone(),
            ),
            settings,
        })
    }
}
