//! What lives as long as the process: settings, clients, the rules.

use std::sync::Arc;

use jiff::Timestamp;
use nightjar_aws::clients;
use nightjar_aws::config::ConfigReader;
use nightjar_aws::envelope::Publisher;
use nightjar_aws::scopes::{ScopeError, Scopes};
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, FingerprintStore, IncidentStore, InventoryStore, LogWatchStore, SeriesStore};
use nightjar_calls::Caller;
use nightjar_domain::accounts::{Scope, WatchedAccounts};
use nightjar_domain::configuration::Document;
use nightjar_domain::diagnosis::LogSignals;
use nightjar_domain::escalation::EscalationRules;
use nightjar_domain::log_watch::LogWatch;
use nightjar_domain::resource::ResourceRef;

use crate::gather::ChangeCache;
use crate::settings::Settings;

/// Built once, before the first event; for what is in another account or region a clone that asks there.
#[derive(Debug, Clone)]
pub struct Context {
    pub settings: Settings,
    pub config: ConfigReader,
    pub signals: LogSignals,
    pub escalation: EscalationRules,
    pub log_watch: LogWatch,
    /// The way into other accounts and regions.
    pub scopes: Scopes,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub metrics: aws_sdk_cloudwatch::Client,
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    /// EC2, of which two calls are wanted.
    pub calls: Caller,
    pub changes: Arc<ChangeCache>,
    pub inventory: InventoryStore,
    pub incidents: IncidentStore,
    pub fingerprints: FingerprintStore,
    pub series: SeriesStore,
    pub watched: LogWatchStore,
    pub audit: AuditStore,
    pub anomalies: Publisher,
    pub incident_changes: Publisher,
    pub critical_alerts: Publisher,
}

impl Context {
    pub async fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let config = clients::load().await;
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        let sns = aws_sdk_sns::Client::new(&config);
        let prompt = clients::prompt(&config);
        let audit = AuditStore::new(dynamodb.clone(), settings.audit_table.clone());
        Ok(Self {
            config: ConfigReader::new(
                dynamodb.clone(),
                settings.config_table.clone(),
                audit.clone(),
                "log-analyzer-rca",
            ),
            signals: LogSignals::bundled()?,
            escalation: EscalationRules::bundled()?,
            log_watch: LogWatch::bundled()?,
            scopes: Scopes::new(prompt.clone(), settings.home.clone(), format!("{}-log-analyzer-rca", settings.prefix)),
            logs: aws_sdk_cloudwatchlogs::Client::new(&prompt),
            metrics: aws_sdk_cloudwatch::Client::new(&prompt),
            cloudtrail: aws_sdk_cloudtrail::Client::new(&prompt),
            calls: Caller::new(&config),
            changes: Arc::default(),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table.clone()),
            incidents: IncidentStore::new(dynamodb.clone(), settings.incidents_table.clone()),
            fingerprints: FingerprintStore::new(
                dynamodb.clone(),
                settings.fingerprints_table.clone(),
                settings.incidents_table.clone(),
            ),
            series: SeriesStore::new(dynamodb.clone(), settings.series_table.clone()),
            watched: LogWatchStore::new(dynamodb, settings.log_watch_table.clone()),
            audit,
            anomalies: Publisher::new(sns.clone(), settings.anomalies_topic_arn.clone()),
            incident_changes: Publisher::new(sns.clone(), settings.incident_changes_topic_arn.clone()),
            critical_alerts: Publisher::new(sns, settings.critical_alerts_topic_arn.clone()),
            settings,
        })
    }

    /// Takes up what was published since the last time.
    pub async fn refresh(&mut self, now: Timestamp) -> anyhow::Result<()> {
        if let Some(new) = self.config.newer(Document::LogSignals, now, LogSignals::parse).await? {
            self.signals = new.value;
        }
        if let Some(new) = self.config.newer(Document::EscalationRules, now, EscalationRules::parse).await? {
            self.escalation = new.value;
        }
        if let Some(new) = self.config.newer(Document::LogWatch, now, LogWatch::parse).await? {
            self.log_watch = new.value;
        }
        if let Some(new) = self.config.newer(Document::WatchedAccounts, now, WatchedAccounts::parse).await? {
            self.scopes.watch(new.value);
        }
        Ok(())
    }

    /// The same, asking where `resource` is; `None` where that is the suite's own account and region.
    pub async fn near(&self, resource: &ResourceRef) -> Result<Option<Box<Self>>, ScopeError> {
        let scope = Scope::of(resource);
        if scope == *self.scopes.home() {
            return Ok(None);
        }
        let config = self.scopes.open(&scope).await?;
        Ok(Some(Box::new(Self {
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            metrics: aws_sdk_cloudwatch::Client::new(&config),
            cloudtrail: aws_sdk_cloudtrail::Client::new(&config),
            calls: Caller::new(&config),
            changes: Arc::default(),
            ..self.clone()
        })))
    }
}
