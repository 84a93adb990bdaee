//! The signing key, which never leaves KMS.

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use nightjar_domain::audit::{Anchor, PublicKey, UnsignedAnchor};

use crate::AnchorsError;

/// An asymmetric key of KMS, by id, ARN or alias.
#[derive(Debug, Clone)]
pub struct Signer {
    client: Client,
    key: String,
}

impl Signer {
    pub fn new(client: Client, key: String) -> Self {
        Self { client, key }
    }

    /// The key as the anchors name it.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Signs the anchor's digest.
    pub async fn sign(&self, anchor: UnsignedAnchor) -> Result<Anchor, AnchorsError> {
        let problem = |problem: String| AnchorsError::Key { key: self.key.clone(), problem };
        let digest = anchor.digest().map_err(|error| problem(error.to_string()))?;
        let answer = self
            .client
            .sign()
            .key_id(&self.key)
            .message(Blob::new(digest))
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256)
            .send()
            .await
            .map_err(|error| AnchorsError::key(&self.key, &error))?;
        let signature = answer.signature.ok_or_else(|| problem("KMS answered without a signature".to_owned()))?;
        Ok(anchor.signed(signature.as_ref()))
    }

    /// The half of the key that verifies.
    pub async fn public_key(&self) -> Result<PublicKey, AnchorsError> {
        let problem = |problem: String| AnchorsError::Key { key: self.key.clone(), problem };
        let answer = self
            .client
            .get_public_key()
            .key_id(&self.key)
            .send()
            .await
            .map_err(|error| AnchorsError::key(&self.key, &error))?;
        let der = answer.public_key.ok_or_else(|| problem("KMS answered without a key".to_owned()))?;
        PublicKey::from_der(der.as_ref()).map_err(|error| problem(error.to_string()))
    }
}
