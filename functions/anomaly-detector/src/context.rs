//! What lives as long as the process: settings, clients, the models.

use jiff::Timestamp;
use nightjar_aws::clients;
use nightjar_aws::config::ConfigReader;
use nightjar_aws::envelope::Publisher;
use nightjar_aws::scopes::{ScopeError, Scopes};
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, InventoryStore, ModelStore, SeriesStore};
use nightjar_domain::accounts::{Scope, WatchedAccounts};
use nightjar_domain::configuration::Document;
use nightjar_domain::maintenance::MaintenanceWindows;

use crate::models::Models;
use crate::settings::Settings;

/// Built once, before the first event.
#[derive(Debug)]
pub struct Context {
    pub models: Models,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// The way into other accounts and regions.
    pub scopes: Scopes,
    pub inventory: InventoryStore,
    pub series: SeriesStore,
    pub audit: AuditStore,
    pub anomalies: Publisher,
    pub config: ConfigReader,
    pub maintenance: MaintenanceWindows,
}

impl Context {
    pub async fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let config = clients::load().await;
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        let audit = AuditStore::new(dynamodb.clone(), settings.audit_table);
        Ok(Self {
            config: ConfigReader::new(dynamodb.clone(), settings.config_table, audit.clone(), "anomaly-detector"),
            maintenance: MaintenanceWindows::default(),
            models: Models::new(ModelStore::new(dynamodb.clone(), settings.models_table)),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            scopes: Scopes::new(config.clone(), settings.home, settings.session),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table),
            series: SeriesStore::new(dynamodb, settings.series_table),
            audit,
            anomalies: Publisher::new(aws_sdk_sns::Client::new(&config), settings.anomalies_topic_arn),
        })
    }

    /// Takes up what was published since the last time.
    pub async fn refresh(&mut self, now: Timestamp) -> anyhow::Result<()> {
        if let Some(new) = self.config.newer(Document::MaintenanceWindows, now, MaintenanceWindows::parse).await? {
            self.maintenance = new.value;
        }
        if let Some(new) = self.config.newer(Document::WatchedAccounts, now, WatchedAccounts::parse).await? {
            self.scopes.watch(new.value);
        }
        Ok(())
    }

    /// What reads the metrics of an account and region; without one, of the suite's own.
    pub async fn metrics_of(&self, scope: Option<&Scope>) -> Result<aws_sdk_cloudwatch::Client, ScopeError> {
        match scope {
            None => Ok(self.cloudwatch.clone()),
            Some(scope) => Ok(aws_sdk_cloudwatch::Client::new(&self.scopes.open(scope).await?)),
        }
    }
}
