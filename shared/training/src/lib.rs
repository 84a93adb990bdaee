//! A candidate model's way to being in use: train, compare, store, point, tell. The scheduled trainer and the command line go the
//! same way, so that neither can replace a model by a worse one.

use jiff::Timestamp;
use nightjar_aws::stores::{AuditStore, ModelStore, StoreError};
use nightjar_domain::models::{Considered, ModelName, ModelScope, Pointer};
use nightjar_model::Model;
use nightjar_model::train::{Proposal, TrainError, TrainOptions, TrainingSeries, data_sha256, propose};
use serde::Serialize;

/// Feature vectors a forest is grown from at most: its 100 trees take 256 each.
const MAX_OBSERVATIONS: usize = 40_000;

/// Where models are kept, and where it is told what became of them.
#[derive(Debug, Clone)]
pub struct Registry {
    pub models: ModelStore,
    pub audit: AuditStore,
}

/// What is to be trained, for what, by whom.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    pub scope: &'a ModelScope,
    pub training: &'a [TrainingSeries],
    /// Series or times that neither this candidate nor the model in use was trained on.
    pub held_out: &'a [TrainingSeries],
    /// A function's name, or a person's.
    pub by: &'a str,
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Promoted,
    /// It was worse than the model in use.
    Rejected,
    /// The same data led to a decision before: it stands.
    Unchanged,
    /// Another writer moved the scope's pointer meanwhile: its word stands.
    Overtaken,
    TooLittleHistory,
}

/// The outcome, with its reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub scope: ModelScope,
    pub outcome: Outcome,
    pub why: String,
    /// The candidate, where there was one.
    pub version: Option<String>,
}

/// Trains a candidate, and promotes it if it is no worse than the model in use.
///
/// The artifact is stored first, the pointer moved second, the trail told third. A crash in between leaves an artifact that
/// expires, or a fact that the next delivery tells: it finds the decision by the data and does not decide again.
pub async fn consider(registry: &Registry, candidate: &Candidate<'_>, now: Timestamp) -> anyhow::Result<Report> {
    let Candidate { scope, training, held_out, by } = *candidate;
    let report = |outcome, why: String, version| Ok(Report { scope: scope.clone(), outcome, why, version });
    let pointer = registry.models.pointer(scope).await?;
    let data = data_sha256(training);
    if pointer.has_considered(&data) {
        tell(registry, &pointer).await?;
        return report(Outcome::Unchanged, "the same data were considered before".to_owned(), None);
    }
    let current = in_use(&registry.models, &pointer).await?;
    let options =
        TrainOptions { trained_at: now.to_string(), max_observations: MAX_OBSERVATIONS, ..TrainOptions::default() };
    let proposal = match propose(&current, training, held_out, &options) {
        Ok(proposal) => proposal,
        Err(error @ (TrainError::TooLittle { .. } | TrainError::TooLittleHeldOut { .. })) => {
            return report(Outcome::TooLittleHistory, error.to_string(), None);
        }
        Err(error) => return Err(error.into()),
    };
    let next = pointer.after(considered(&proposal, by, now)?);
    let promoted = proposal.comparison.candidate_is_no_worse().then_some(next.current.as_ref()).flatten();
    if let Some(model) = promoted {
        let provenance = serde_json::to_value(&proposal.artifact.provenance)?;
        registry.models.put_artifact(scope, model, proposal.artifact.to_bytes()?, &provenance, now).await?;
    }
    let (why, version) = (proposal.comparison.verdict(), name(&proposal).version);
    if !registry.models.move_pointer(&next, promoted, now).await? {
        let why = "another writer moved the scope's pointer meanwhile: its word stands".to_owned();
        return report(Outcome::Overtaken, why, Some(version));
    }
    tell(registry, &next).await?;
    let outcome = if promoted.is_some() { Outcome::Promoted } else { Outcome::Rejected };
    tracing::info!(%scope, ?outcome, version, why, "a candidate was considered");
    report(outcome, why, Some(version))
}

/// The model that judges the scope's series now: its own, else the account's, else the bundled one.
async fn in_use(models: &ModelStore, pointer: &Pointer) -> Result<Model, StoreError> {
    let account = match pointer.scope {
        ModelScope::Account => None,
        _ => Some(models.pointer(&ModelScope::Account).await?),
    };
    for pointer in [Some(pointer), account.as_ref()].into_iter().flatten() {
        let Some(name) = &pointer.current else { continue };
        let bytes = models.artifact(&pointer.scope, &name.sha256).await?;
        match bytes.as_deref().map(Model::from_bytes) {
            Some(Ok(model)) => return Ok(model),
            Some(Err(error)) => tracing::warn!(scope = %pointer.scope, %error, "the model in use cannot be used"),
            None => tracing::warn!(scope = %pointer.scope, "the model in use is not stored any more"),
        }
    }
    Ok(Model::bundled().clone())
}

fn considered(proposal: &Proposal, by: &str, now: Timestamp) -> Result<Considered, serde_json::Error> {
    Ok(Considered {
        model: name(proposal),
        data_sha256: proposal.artifact.provenance.data_sha256.clone(),
        promoted: proposal.comparison.candidate_is_no_worse(),
        why: proposal.comparison.verdict(),
        comparison: serde_json::to_value(proposal.comparison)?,
        by: by.to_owned(),
        at: now,
    })
}

fn name(proposal: &Proposal) -> ModelName {
    let provenance = &proposal.artifact.provenance;
    ModelName {
        version: Model::from(proposal.artifact.clone()).version().to_owned(),
        sha256: provenance.sha256.clone(),
        trained_at: provenance.trained_at.clone(),
    }
}

/// Tells the trail what the pointer says of its newest candidate; told twice, it is recorded once.
async fn tell(registry: &Registry, pointer: &Pointer) -> Result<(), StoreError> {
    match pointer.candidate_fact() {
        Some(fact) => registry.audit.record(&[fact]).await,
        None => Ok(()),
    }
}
