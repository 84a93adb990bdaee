//! The signing key, which never leaves KMS.

use nightjar_calls::CallError;
use nightjar_calls::kms::Kms;
use nightjar_domain::audit::{Anchor, PublicKey, UnsignedAnchor};

use crate::AnchorsError;

/// An asymmetric key of KMS, by id, ARN or alias.
#[derive(Debug, Clone)]
pub struct Signer {
    kms: Kms,
    key: String,
}

impl Signer {
    pub fn new(kms: Kms, key: String) -> Self {
        Self { kms, key }
    }

    /// The key as the anchors name it.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Signs the anchor's digest.
    pub async fn sign(&self, anchor: UnsignedAnchor) -> Result<Anchor, AnchorsError> {
        let digest = anchor.digest().map_err(|error| self.unusable(&error))?;
        let signature = self.kms.sign_digest(&self.key, digest.as_ref()).await;
        Ok(anchor.signed(&signature.map_err(|error| self.failed(error))?))
    }

    /// The half of the key that verifies.
    pub async fn public_key(&self) -> Result<PublicKey, AnchorsError> {
        let der = self.kms.fetch_public_key(&self.key).await.map_err(|error| self.failed(error))?;
        PublicKey::from_der(&der).map_err(|error| self.unusable(&error))
    }

    fn failed(&self, problem: CallError) -> AnchorsError {
        AnchorsError::Key { key: self.key.clone(), problem }
    }

    fn unusable(&self, problem: &dyn std::fmt::Display) -> AnchorsError {
        AnchorsError::Unusable { key: self.key.clone(), problem: problem.to_string() }
    }
}
