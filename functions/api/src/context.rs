//! What lives as long as the process.

use jiff::Timestamp;
use nightjar_anchors::{AnchorBucket, Signer};
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{AuditStore, IncidentStore};
use nightjar_aws::{clients, clock};

use crate::settings::Settings;

/// Built once, before the first request; a clone shares the client.
#[derive(Debug, Clone)]
pub struct Context {
    pub incidents: IncidentStore,
    pub audit: AuditStore,
    pub anchors: AnchorBucket,
    /// Asked for its public half only: the role may not sign.
    pub anchor_key: Signer,
    /// The clock: lists without `until` end now.
    pub now: fn() -> Timestamp,
}

impl Context {
    /// Reads the settings and builds the clients.
    pub async fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let config = clients::load().await;
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        Ok(Self {
            incidents: IncidentStore::new(dynamodb.clone(), settings.incidents_table),
            audit: AuditStore::new(dynamodb, settings.audit_table),
            anchors: AnchorBucket::new(aws_sdk_s3::Client::new(&config), settings.anchors_bucket),
            anchor_key: Signer::new(aws_sdk_kms::Client::new(&config), settings.anchors_key_arn),
            now: clock::now,
        })
    }
}
