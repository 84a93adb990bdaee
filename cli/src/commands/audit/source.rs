//! The trail in AWS: its table, and the bucket and key that lie beside it.

use anyhow::Context as _;
use aws_config::SdkConfig;
use nightjar_anchors::{AnchorBucket, Signer, bucket_name, key_alias};
use nightjar_aws::stores::AuditStore;
use nightjar_calls::Caller;
use nightjar_calls::kms::Kms;
use nightjar_calls::s3::Bucket;

use super::AuditArgs;

pub(super) fn store(args: &AuditArgs, config: &SdkConfig) -> AuditStore {
    AuditStore::new(aws_sdk_dynamodb::Client::new(config), args.table.clone())
}

/// What is needed to read anchors.
#[derive(Debug)]
pub(super) struct AnchorSource {
    pub(super) bucket: AnchorBucket,
    pub(super) signer: Signer,
}

impl AnchorSource {
    pub(super) async fn find(args: &AuditArgs, config: &SdkConfig) -> anyhow::Result<Self> {
        let prefix = args.table.strip_suffix("-audit").unwrap_or(&args.table);
        let name = match &args.bucket {
            Some(name) => name.clone(),
            None => beside(&args.table, prefix, config).await?,
        };
        let caller = Caller::new(config);
        Ok(Self {
            bucket: AnchorBucket::new(Bucket::new(caller.clone(), name)),
            signer: Signer::new(Kms::new(caller), key_alias(prefix)),
        })
    }
}

/// The bucket's name, from the account and the region that the table's ARN tells.
async fn beside(table: &str, prefix: &str, config: &SdkConfig) -> anyhow::Result<String> {
    let client = aws_sdk_dynamodb::Client::new(config);
    let description = client.describe_table().table_name(table).send().await;
    let description = description.with_context(|| format!("the table {table} cannot be described"))?;
    let arn = description.table.and_then(|table| table.table_arn).unwrap_or_default();
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        [_, _, _, region, account, ..] => Ok(bucket_name(prefix, account, region)),
        _ => anyhow::bail!("the table's ARN {arn:?} does not tell its account: give --bucket"),
    }
}
