//! What lives as long as the process: settings, clients, the catalogue.

use jiff::Timestamp;
use nightjar_aws::clients;
use nightjar_aws::config::ConfigReader;
use nightjar_aws::scopes::Scopes;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, ConfigStore, CoverageStore, InventoryStore, RoutingStore};
use nightjar_domain::accounts::{Scope, WatchedAccounts};
use nightjar_domain::catalogue::Catalogue;
use nightjar_domain::configuration::Document;
use nightjar_domain::coverage::thresholds::ThresholdOverrides;
use nightjar_domain::log_watch::{LogWatch, MetricFilters};
use nightjar_ec2::Fleet;

use crate::products::Products;
use crate::settings::Settings;
use crate::signed::Signed;

/// Built once, before the first event; for each account and region a clone that asks there.
#[derive(Debug, Clone)]
pub struct Context {
    pub settings: Settings,
    pub config: ConfigReader,
    /// Publishes; `None` where there is nothing to publish to.
    pub versions: Option<ConfigStore>,
    /// With what was set at run time.
    pub catalogue: Catalogue,
    /// What was set, as it was published.
    pub overrides: ThresholdOverrides,
    /// What was set and does not fit the catalogue: left out.
    pub left_out: Vec<String>,
    /// Where the clients below ask.
    pub scope: Scope,
    /// The way into the others.
    pub scopes: Scopes,
    pub products: Products,
    /// Which lines of log groups are counted as metrics.
    pub filters: MetricFilters,
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
        let audit = AuditStore::new(dynamodb.clone(), settings.audit_table.clone());
        Ok(Self {
            config: ConfigReader::new(dynamodb.clone(), settings.config_table.clone(), audit.clone(), "onboarding"),
            versions: settings.config_table.clone().map(|table| ConfigStore::new(dynamodb.clone(), table)),
            catalogue: Catalogue::bundled()?,
            overrides: ThresholdOverrides::default(),
            left_out: Vec::new(),
            scope: settings.home(),
            scopes: Scopes::new(config.clone(), settings.home(), format!("{}-onboarding", settings.policy.prefix)),
            products: Products::new(
                settings.routing_table.clone().map(|table| RoutingStore::new(dynamodb.clone(), table)),
            )?,
            filters: LogWatch::bundled()?.metric_filters,
            fleet: Fleet::new(&config),
            signed: Signed::new(&config)?,
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table.clone()),
            coverage: CoverageStore::new(dynamodb, settings.coverage_table.clone()),
            audit,
            settings,
        })
    }

    /// Takes up what was published since the last time: which accounts are watched, the catalogue, what people set, and the products.
    pub async fn refresh(&mut self, now: Timestamp) -> anyhow::Result<()> {
        if let Some(new) = self.config.newer(Document::WatchedAccounts, now, WatchedAccounts::parse).await? {
            self.scopes.watch(new.value);
        }
        self.refresh_catalogue(now).await?;
        self.catalogue.products = self.products.in_force(&mut self.config, now).await?;
        if let Some(watch) = self.config.newer(Document::LogWatch, now, LogWatch::parse).await? {
            self.filters = watch.value.metric_filters;
        }
        Ok(())
    }

    async fn refresh_catalogue(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let catalogue = self.config.newer(Document::AlertThresholds, now, Catalogue::parse).await?;
        let set = self.config.newer(Document::ThresholdOverrides, now, ThresholdOverrides::parse).await?;
        if catalogue.is_none() && set.is_none() {
            return Ok(());
        }
        let overrides = match set {
            Some(set) => ThresholdOverrides { place: set.version.place(), ..set.value },
            None => self.overrides.clone(),
        };
        let catalogue = catalogue.map_or_else(|| self.catalogue.clone(), |new| new.value);
        // Kept whole: what does not fit this catalogue may fit the next.
        self.overrides = overrides.clone();
        (self.catalogue, self.left_out) = catalogue.overridden(overrides);
        Ok(())
    }
}
