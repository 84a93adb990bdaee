//! What can go wrong with the bucket and the key.

use aws_sdk_s3::error::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use nightjar_aws::retry::explain;

/// The anchors could not be read, written or signed.
#[derive(Debug, thiserror::Error)]
pub enum AnchorsError {
    #[error("the bucket {bucket}: {problem}")]
    Bucket { bucket: String, problem: String },
    #[error("the bucket {bucket}: {key} is no anchor: {problem}")]
    NoAnchor { bucket: String, key: String, problem: String },
    #[error("the key {key}: {problem}")]
    Key { key: String, problem: String },
}

impl AnchorsError {
    pub(crate) fn bucket<E, R>(bucket: &str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
        SdkError<E, R>: ProvideErrorMetadata,
    {
        Self::Bucket { bucket: bucket.to_owned(), problem: explain(error) }
    }

    pub(crate) fn key<E, R>(key: &str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug,
        SdkError<E, R>: ProvideErrorMetadata,
    {
        Self::Key { key: key.to_owned(), problem: explain(error) }
    }
}
