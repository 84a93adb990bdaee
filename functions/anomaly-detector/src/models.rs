//! Which model judges a series: the narrowest scope's that has one, in the end the bundled one.
//!
//! A run without its trained models is worth more than no run: what cannot be read or used is warned of, and the next scope's
//! model judges.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nightjar_aws::stores::ModelStore;
use nightjar_domain::metric::Metric;
use nightjar_domain::models::{ModelName, ModelScope};
use nightjar_model::Model;
use tokio::sync::Mutex;

/// A version that was read once: usable, or the reason why not.
type Loaded = Result<Arc<Model>, String>;

/// The trained models, kept from run to run.
#[derive(Debug)]
pub struct Models {
    store: ModelStore,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Each scope's version, as the last successful read told.
    current: BTreeMap<ModelScope, ModelName>,
    loaded: BTreeMap<ModelScope, (ModelName, Loaded)>,
}

/// The models of one run.
#[derive(Debug, Default)]
pub struct Choice(BTreeMap<ModelScope, Arc<Model>>);

impl Choice {
    /// Trained models in use.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The model that judges a series.
    pub fn of(&self, resource_id: &str, metric: &Metric) -> &Model {
        match ModelScope::chain(resource_id, metric).iter().find_map(|scope| self.0.get(scope)) {
            Some(model) => model,
            None => Model::bundled(),
        }
    }
}

impl Models {
    pub fn new(store: ModelStore) -> Self {
        Self { store, kept: Mutex::default() }
    }

    /// The models for these series (resource and metric). One small read; an artifact is read only when its version is new here.
    pub async fn choose<'a>(&self, series: impl Iterator<Item = (&'a str, &'a Metric)>) -> Choice {
        let scopes: BTreeSet<ModelScope> =
            series.flat_map(|(resource, metric)| ModelScope::chain(resource, metric)).collect();
        let mut kept = self.kept.lock().await;
        if !scopes.is_empty() {
            self.look(&mut kept).await;
        }
        let Kept { current, loaded } = &mut *kept;
        loaded.retain(|scope, (model, _)| current.get(scope) == Some(model));
        let mut choice = Choice::default();
        for (scope, name) in current.iter().filter(|(scope, _)| scopes.contains(scope)) {
            if !loaded.contains_key(scope)
                && let Some(model) = self.load(scope, name).await
            {
                loaded.insert(scope.clone(), (name.clone(), model));
            }
            match loaded.get(scope) {
                Some((_, Ok(model))) => {
                    choice.0.insert(scope.clone(), Arc::clone(model));
                }
                Some((_, Err(problem))) => warn(scope, name, problem),
                None => {}
            }
        }
        choice
    }

    async fn look(&self, kept: &mut Kept) {
        match self.store.pointers().await {
            Ok(pointers) => {
                for problem in pointers.unreadable {
                    tracing::warn!(problem, "a trained model's pointer cannot be read: the next scope's model judges");
                }
                let known = pointers.known.into_values();
                kept.current = known.filter_map(|pointer| Some((pointer.scope, pointer.current?))).collect();
            }
            Err(error) => {
                tracing::warn!(%error, "the trained models cannot be read: those of the last run judge, or the bundled one");
            }
        }
    }

    /// `None` where another attempt may succeed.
    async fn load(&self, scope: &ModelScope, name: &ModelName) -> Option<Loaded> {
        match self.store.artifact(scope, &name.sha256).await {
            Ok(Some(bytes)) => Some(match Model::from_bytes(&bytes) {
                Ok(model) if model.provenance().sha256 == name.sha256 => Ok(Arc::new(model)),
                Ok(model) => Err(format!("it is another one, {}", model.version())),
                Err(error) => Err(error.to_string()),
            }),
            Ok(None) => Some(Err("it is not stored any more".to_owned())),
            Err(error) => {
                warn(scope, name, &error.to_string());
                None
            }
        }
    }
}

fn warn(scope: &ModelScope, name: &ModelName, problem: &str) {
    tracing::warn!(%scope, version = name.version, problem, "a trained model cannot be used: the next scope's judges");
}
