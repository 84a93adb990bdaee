//! What lives as long as the process: settings and clients.

use nightjar_anchors::{AnchorBucket, Signer};
use nightjar_aws::clients::{self, Https};
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::AuditStore;
use nightjar_calls::Caller;
use nightjar_calls::kms::Kms;
use nightjar_calls::s3::Bucket;
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
    pub fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let https = Https::default();
        let config = clients::load_over(https.clone());
        let caller = Caller::over(&config, https);
        Ok(Self {
            audit: AuditStore::new(aws_sdk_dynamodb::Client::new(&config), settings.audit_table),
            bucket: AnchorBucket::new(Bucket::new(caller.clone(), settings.bucket)),
            signer: Signer::new(Kms::new(caller), settings.key_arn),
            retention: Retention::bundled()?,
        })
    }
}
