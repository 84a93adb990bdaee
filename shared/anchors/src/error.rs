//! What can go wrong with the bucket and the key.

use nightjar_calls::CallError;

/// The anchors could not be read, written or signed.
#[derive(Debug, thiserror::Error)]
pub enum AnchorsError {
    #[error("the bucket {bucket}: {problem}")]
    Bucket { bucket: String, problem: CallError },
    #[error("the bucket {bucket}: {key} is no anchor: {problem}")]
    NoAnchor { bucket: String, key: String, problem: String },
    #[error("the key {key}: {problem}")]
    Key { key: String, problem: CallError },
    #[error("the key {key}: {problem}")]
    Unusable { key: String, problem: String },
}
