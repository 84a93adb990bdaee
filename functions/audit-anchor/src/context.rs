//! What lives as long as the process: settings and clients.

use nightjar_anchors::{AnchorBucket, Signer};
use nightjar_aws::clients;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::AuditStore;
use nightjar_domain::audit::Retention;

use crate::settings::Settings;

/// Built once, before the first event.
#[derive(Debug)]
pub struct Context {
    pub audit: AuditStore,
    pub bucket: AnchorBucket,
    pub signer: Signer,
    pub retention: Retention,
}

impl Context {
    pub async fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let config = clients::load().await;
        Ok(Self {
            audit: AuditStore::new(aws_sdk_dynamodb::Client::new(&config), settings.audit_table),
            bucket: AnchorBucket::new(aws_sdk_s3::Client::new(&config), settings.bucket),
            signer: Signer::new(aws_sdk_kms::Client::new(&config), settings.key_arn),
            retention: Retention::bundled()?,
        })
    }
}
