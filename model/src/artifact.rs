//! The trained model as bytes: what it holds, where it came from, and how to tell that it is whole.
//!
//! Layout: magic `NJMODEL` and the format version, the length of the provenance, the provenance as JSON, the forest, and the
//! SHA-256 of all that comes before it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::forest::{FlatForest, ForestDefect, ForestOptions};

/// Version of the byte layout and of the features' meaning; a model of another version is refused.
pub const FORMAT_VERSION: u8 = 1;

const MAGIC: &[u8; 7] = b"NJMODEL";
const HEADER: usize = 12;
const DIGEST: usize = 32;

/// Largest artifact that is read.
pub const MAX_BYTES: usize = 1 << 20;

/// Where a model came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// When it was trained, RFC 3339, as the caller said.
    pub trained_at: String,
    /// SHA-256 of the training series (names, periods, times and values), hexadecimal.
    pub data_sha256: String,
    /// Series the model was trained on.
    pub series: u32,
    /// Feature vectors the forest was grown from.
    pub observations: u32,
    /// How the forest was grown.
    pub forest: ForestOptions,
    /// What training measured.
    pub metrics: TrainingMetrics,
    /// SHA-256 of the artifact's bytes before the digest; empty until it has been written or read.
    #[serde(skip)]
    pub sha256: String,
}

/// Forest scores on the training observations.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrainingMetrics {
    /// Median score.
    pub median_score: f64,
    /// 99th percentile.
    pub p99_score: f64,
    /// 99.9th percentile.
    pub p999_score: f64,
}

/// A trained model that can be written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// Where it came from.
    pub provenance: Provenance,
    /// The forest.
    pub forest: FlatForest,
}

/// Why bytes are not a model.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// Not an artifact at all.
    #[error("not a Nightjar model artifact")]
    Magic,
    /// Written by another version.
    #[error("model artifact of format {found}, this build reads {FORMAT_VERSION}")]
    Version {
        /// The version found.
        found: u8,
    },
    /// More or fewer bytes than announced.
    #[error("model artifact of {0} bytes is cut short or too long")]
    Length(usize),
    /// The digest does not fit: damaged in transit or in storage.
    #[error("model artifact is damaged: its SHA-256 does not match")]
    Digest,
    /// The provenance cannot be read.
    #[error("model artifact's provenance: {0}")]
    Provenance(#[from] serde_json::Error),
    /// The forest cannot be used.
    #[error("model artifact's forest: {0}")]
    Forest(#[from] ForestDefect),
}

impl Artifact {
    /// The artifact as it is stored.
    pub fn to_bytes(&self) -> Result<Vec<u8>, ArtifactError> {
        let provenance = serde_json::to_vec(&self.provenance)?;
        let forest = self.forest.to_bytes();
        let mut out = Vec::with_capacity(HEADER + provenance.len() + forest.len() + DIGEST);
        out.extend_from_slice(MAGIC);
        out.push(FORMAT_VERSION);
        out.extend_from_slice(&(provenance.len() as u32).to_le_bytes());
        out.extend_from_slice(&provenance);
        out.extend_from_slice(&forest);
        let digest = Sha256::digest(&out);
        out.extend_from_slice(&digest);
        if out.len() > MAX_BYTES {
            return Err(ArtifactError::Length(out.len()));
        }
        Ok(out)
    }

    /// Reads what [`Self::to_bytes`] wrote; anything else is refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        if bytes.len() < MAGIC.len() || &bytes[..MAGIC.len()] != MAGIC {
            return Err(ArtifactError::Magic);
        }
        if bytes.len() < HEADER + DIGEST || bytes.len() > MAX_BYTES {
            return Err(ArtifactError::Length(bytes.len()));
        }
        if bytes[7] != FORMAT_VERSION {
            return Err(ArtifactError::Version { found: bytes[7] });
        }
        let (content, digest) = bytes.split_at(bytes.len() - DIGEST);
        let expected = Sha256::digest(content);
        if expected[..] != *digest {
            return Err(ArtifactError::Digest);
        }
        let provenance_len = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]) as usize;
        let Some((provenance, forest)) = content[HEADER..].split_at_checked(provenance_len) else {
            return Err(ArtifactError::Length(bytes.len()));
        };
        let mut provenance: Provenance = serde_json::from_slice(provenance)?;
        provenance.sha256 = hex(digest);
        Ok(Self { provenance, forest: FlatForest::from_bytes(forest)? })
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
