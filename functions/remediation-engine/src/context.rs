//! What lives as long as the process: settings and clients.

use jiff::Timestamp;
use nightjar_aws::clients;
use nightjar_aws::config::ConfigReader;
use nightjar_aws::envelope::Publisher;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, IncidentStore, InventoryStore, RemediationStore};
use nightjar_domain::configuration::Document;
use nightjar_domain::maintenance::MaintenanceWindows;
use nightjar_domain::remediation::{Policies, PoliciesDocument};
use nightjar_ec2::Fleet;

use crate::settings::Settings;

/// Built once, before the first event.
#[derive(Debug)]
pub struct Context {
    pub settings: Settings,
    pub config: ConfigReader,
    pub policies: PoliciesDocument,
    /// When people are at work on resources: nothing is done to those then.
    pub maintenance: MaintenanceWindows,
    pub fleet: Fleet,
    pub cloudtrail: aws_sdk_cloudtrail::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub kms: aws_sdk_kms::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub inventory: InventoryStore,
    pub incidents: IncidentStore,
    pub remediations: RemediationStore,
    pub audit: AuditStore,
    pub critical_alerts: Publisher,
}

impl Context {
    pub async fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let config = clients::load().await;
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        let audit = AuditStore::new(dynamodb.clone(), settings.audit_table.clone());
        Ok(Self {
            config: ConfigReader::new(
                dynamodb.clone(),
                settings.config_table.clone(),
                audit.clone(),
                "remediation-engine",
            )
            .every_time(),
            policies: PoliciesDocument::bundled()?,
            maintenance: MaintenanceWindows::default(),
            fleet: Fleet::new(&config),
            cloudtrail: aws_sdk_cloudtrail::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            kms: aws_sdk_kms::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table.clone()),
            incidents: IncidentStore::new(dynamodb.clone(), settings.incidents_table.clone()),
            remediations: RemediationStore::new(dynamodb, settings.remediations_table.clone()),
            audit,
            critical_alerts: Publisher::new(
                aws_sdk_sns::Client::new(&config),
                settings.critical_alerts_topic_arn.clone(),
            ),
            settings,
        })
    }

    /// Takes up what was published since the last time. Policies that cannot be used never come into force.
    pub async fn refresh(&mut self, now: Timestamp) -> anyhow::Result<()> {
        if let Some(new) = self.config.newer(Document::RemediationPolicies, now, PoliciesDocument::parse).await? {
            self.policies = new.value;
        }
        if let Some(new) = self.config.newer(Document::MaintenanceWindows, now, MaintenanceWindows::parse).await? {
            self.maintenance = new.value;
        }
        Ok(())
    }

    /// What decisions go by.
    pub fn policies(&self) -> Policies {
        Policies {
            bounds: self.settings.bounds.clone(),
            document: self.policies.clone(),
            maintenance: self.maintenance.clone(),
        }
    }
}
