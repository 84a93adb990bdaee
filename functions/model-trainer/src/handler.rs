//! One run over every scope.

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::resource::Resource;
use nightjar_training::{Candidate, Outcome, Registry, Report, consider};
use serde::Serialize;

use crate::context::Context;
use crate::history;
use crate::sample::{self, Task};

const ACTOR: &str = "model-trainer";
/// No scope is begun later than this: the function's time is a quarter of an hour, and a scope takes seconds.
const BUDGET: SignedDuration = SignedDuration::from_mins(10);

/// What a run came to; also its answer, for whoever invokes it by hand.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Summary {
    pub promoted: usize,
    pub rejected: usize,
    /// Decided by an earlier delivery on the same data, or by somebody else meanwhile.
    pub unchanged: usize,
    pub too_little_history: usize,
    /// Scopes that a later run takes up first.
    pub left: usize,
    pub reports: Vec<Report>,
}

/// Trains every scope. One that fails does not keep the others from their models, but fails the run, which is then repeated.
pub async fn handle(context: &Context) -> anyhow::Result<Summary> {
    let began = (context.now)();
    let resources = context.inventory.all().await?;
    let pointers = context.models.pointers().await?;
    for problem in pointers.unreadable {
        tracing::error!(problem, "a pointer cannot be read: its scope is left alone");
    }
    let tasks = sample::tasks(&resources, &pointers.known);
    let mut summary = Summary::default();
    let mut failures = Vec::new();
    for (index, task) in tasks.iter().enumerate() {
        if (context.now)().duration_since(began) > BUDGET {
            summary.left = tasks.len() - index;
            tracing::warn!(left = summary.left, "there was no time for all scopes: the next run begins with them");
            break;
        }
        match train(context, &resources, task, began).await {
            Ok(report) => summary.take(report),
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), scope = %task.scope, "a scope could not be trained");
                failures.push(error);
            }
        }
    }
    tracing::info!(?summary, "run finished");
    match failures.len() {
        0 => Ok(summary),
        count => Err(failures.swap_remove(0)).with_context(|| format!("{count} scopes failed, the first:")),
    }
}

async fn train(context: &Context, resources: &[Resource], task: &Task, now: Timestamp) -> anyhow::Result<Report> {
    let history = history::of_task(context, resources, task, now).await?;
    let registry = Registry { models: context.models.clone(), audit: context.audit.clone() };
    let candidate =
        Candidate { scope: &task.scope, training: &history.training, held_out: &history.held_out, by: ACTOR };
    consider(&registry, &candidate, now).await
}

impl Summary {
    fn take(&mut self, report: Report) {
        match report.outcome {
            Outcome::Promoted => self.promoted += 1,
            Outcome::Rejected => self.rejected += 1,
            Outcome::Unchanged | Outcome::Overtaken => self.unchanged += 1,
            Outcome::TooLittleHistory => self.too_little_history += 1,
        }
        self.reports.push(report);
    }
}
