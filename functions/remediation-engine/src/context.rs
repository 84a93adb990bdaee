//! What lives as long as the process: settings and clients.

use nightjar_aws::clients;
use nightjar_aws::envelope::Publisher;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, IncidentStore, InventoryStore, RemediationStore};
use nightjar_domain::remediation::{Policies, PoliciesDocument};
use nightjar_ec2::Fleet;

use crate::settings::Settings;

/// Built once, before the first event.
#[derive(Debug)]
pub struct Context {
    pub settings: Settings,
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
        Ok(Self {
            fleet: Fleet::new(&config),
            cloudtrail: aws_sdk_cloudtrail::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            kms: aws_sdk_kms::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table.clone()),
            incidents: IncidentStore::new(dynamodb.clone(), settings.incidents_table.clone()),
            remediations: RemediationStore::new(dynamodb.clone(), settings.remediations_table.clone()),
            audit: AuditStore::new(dynamodb, settings.audit_table.clone()),
            critical_alerts: Publisher::new(
                aws_sdk_sns::Client::new(&config),
                settings.critical_alerts_topic_arn.clone(),
            ),
            settings,
        })
    }

    /// The policies as they are now: those of the deployment, or those that ship. Ones that cannot be used are an error, and
    /// nothing is done.
    pub async fn policies(&self) -> anyhow::Result<Policies> {
        let document = match self.remediations.policies().await? {
            Some(text) => PoliciesDocument::parse(&text)?,
            None => PoliciesDocument::bundled()?,
        };
        Ok(Policies { bounds: self.settings.bounds.clone(), document, maintenance: self.settings.maintenance.clone() })
    }
}
