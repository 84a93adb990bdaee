//! Where anchors come from and where they lie: KMS signs them, an S3 bucket with Object Lock keeps them.

mod bucket;
mod error;
mod signer;

pub use bucket::{AnchorBucket, Put};
pub use error::AnchorsError;
pub use signer::Signer;

/// The bucket of a suite: its name holds account and region, since all of AWS shares one space of names.
pub fn bucket_name(prefix: &str, account: &str, region: &str) -> String {
    format!("{prefix}-audit-anchors-{account}-{region}")
}

/// The alias of a suite's signing key.
pub fn key_alias(prefix: &str) -> String {
    format!("alias/{prefix}-audit-anchors")
}
