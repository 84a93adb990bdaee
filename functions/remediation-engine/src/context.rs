//! What lives as long as the process: settings and clients.

use nightjar_aws::clients;
use nightjar_aws::envelope::Publisher;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, RemediationStore};
use nightjar_ec2::Fleet;

use crate::settings::Settings;

/// Built once, before the first event.
#[derive(Debug)]
pub struct Context {
    pub settings: Settings,
    pub fleet: Fleet,
    pub cloudtrail: aws_sdk_cloudtrail::Client,
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
            remediations: RemediationStore::new(dynamodb.clone(), settings.remediations_table.clone()),
            audit: AuditStore::new(dynamodb, settings.audit_table.clone()),
            critical_alerts: Publisher::new(
                aws_sdk_sns::Client::new(&config),
                settings.critical_alerts_topic_arn.clone(),
            ),
            settings,
        })
    }
}
