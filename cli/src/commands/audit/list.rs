//! `nightjar audit list`

use nightjar_aws::stores::AuditFilter;
use nightjar_domain::audit::{AuditEntry, in_order};

use super::AuditArgs;
use super::source::store;
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// How many entries at most, the newest.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Only facts of this kind, such as remediation.started.
    #[arg(long)]
    kind: Option<String>,
    /// Only facts about this ARN, incident or channel.
    #[arg(long)]
    subject: Option<String>,
    /// Only facts of this instant or later, such as 2026-11-21T10:00:00Z.
    #[arg(long)]
    since: Option<jiff::Timestamp>,
}

pub(super) async fn run(args: &AuditArgs, list: &ListArgs, output: Output) -> anyhow::Result<Outcome> {
    let store = store(args, &args.aws().await);
    let filter = AuditFilter {
        kind: list.kind.clone(),
        subject: list.subject.clone(),
        since: list.since,
        ..AuditFilter::default()
    };
    let limit = usize::from(list.limit);
    let mut entries = Vec::new();
    let mut position = None;
    loop {
        let page = store.page(&filter, limit - entries.len(), position.as_ref()).await?;
        entries.extend(page.entries);
        position = page.next;
        if entries.len() >= limit || position.is_none() {
            break;
        }
    }
    output.print(&in_order(entries), |entries| rows(entries))?;
    Ok(Outcome::Fine)
}

fn rows(entries: &[AuditEntry]) -> String {
    let rows = entries.iter().map(|AuditEntry { chain, seq, fact, hash, .. }| {
        [
            format!("{chain}/{seq}"),
            fact.at.to_string(),
            fact.kind.as_str().to_owned(),
            fact.actor.clone(),
            fact.subject.clone(),
            fact.because_of.clone().unwrap_or_default(),
            hash.get(..12).unwrap_or(hash).to_owned(),
        ]
    });
    table(&["entry", "at", "what", "who", "to what", "because of", "hash"], rows)
}
