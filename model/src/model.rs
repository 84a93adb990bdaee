//! A loaded model: immutable, shared by all series.

use std::sync::OnceLock;

use crate::artifact::{Artifact, ArtifactError, FORMAT_VERSION, Provenance};
use crate::forest::{FeatureVector, FlatForest};

static BUNDLED_BYTES: &[u8] = include_bytes!("../artifacts/default.njmodel");

/// The trained part of the detector.
#[derive(Debug, Clone)]
pub struct Model {
    version: String,
    provenance: Provenance,
    forest: FlatForest,
}

impl Model {
    /// The model this build ships, read once.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the bytes are compiled in and a test loads them: there is nothing to handle"
    )]
    pub fn bundled() -> &'static Self {
        static BUNDLED: OnceLock<Model> = OnceLock::new();
        BUNDLED.get_or_init(|| Self::from_bytes(BUNDLED_BYTES).expect("the bundled model is whole"))
    }

    /// The bytes of the bundled artifact.
    pub fn bundled_bytes() -> &'static [u8] {
        BUNDLED_BYTES
    }

    /// Reads an artifact: checks its digest, its version and every reference in its forest.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        Artifact::from_bytes(bytes).map(Self::from)
    }

    /// Format version and the first eight digits of the artifact's SHA-256: `1+sha256:abcd1234`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the model came from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The forest's score of a standardised observation, 0..=1.
    pub fn forest_score(&self, features: &FeatureVector) -> f64 {
        self.forest.score(features)
    }

    /// The forest itself.
    pub fn forest(&self) -> &FlatForest {
        &self.forest
    }
}

impl From<Artifact> for Model {
    fn from(artifact: Artifact) -> Self {
        let Artifact { provenance, forest } = artifact;
        let short: String = provenance.sha256.chars().take(8).collect();
        Self { version: format!("{FORMAT_VERSION}+sha256:{short}"), provenance, forest }
    }
}
