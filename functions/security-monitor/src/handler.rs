//! One call: an event to judge, a sweep, or a question of the API.

use jiff::Timestamp;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::id::FactId;
use serde::Serialize;
use serde_json::{Value, json};

use crate::context::Context;
use crate::request::Request;
use crate::{detect, judge, sweep};

/// The name under which the function's deeds are recorded.
pub(crate) const ACTOR: &str = "security-monitor";

/// What judging came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Events that were judged now.
    pub events: usize,
    /// Events that had been judged before.
    pub duplicates: usize,
    pub matches: usize,
    /// Matches that the noise control expects.
    pub expected: usize,
    /// Incidents that were published, new ones and those that got worse.
    pub published: usize,
}

impl Summary {
    pub(crate) fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.duplicates += other.duplicates;
        self.matches += other.matches;
        self.expected += other.expected;
        self.published += other.published;
    }
}

/// Handles one call and answers with a summary, or with what the API asked for.
pub async fn handle(context: &Context, event: Value, clock: impl Fn() -> Timestamp) -> anyhow::Result<Value> {
    let request = Request::parse(event)?;
    tell_of_broken_rules(context, clock()).await?;
    Ok(match request {
        Request::Event(detail) => serde_json::to_value(judge::judge(context, vec![detail], &clock).await?)?,
        Request::Sweep => serde_json::to_value(sweep::sweep(context, &clock).await?)?,
        Request::Detect { body } => serde_json::to_value(detect::detect(context, body.as_bytes()))?,
        Request::Rules => json!({ "rules": context.monitor.lock().await.rules(), "problems": context.problems }),
    })
}

/// Writes down, once per rule and reason, what does not load.
async fn tell_of_broken_rules(context: &Context, now: Timestamp) -> anyhow::Result<()> {
    let facts: Vec<Fact> = context
        .untold_problems()
        .iter()
        .map(|problem| {
            let because = FactId::derive(&[&problem.to_string()]);
            let details = json!({ "rule": problem.rule, "reason": problem.reason });
            Fact::new(FactKind::RuleRejected, ACTOR, &problem.file, Some(because.as_str()), now, details)
        })
        .collect();
    if !facts.is_empty() {
        context.audit.record(&facts).await?;
        context.problems_are_told();
    }
    Ok(())
}
