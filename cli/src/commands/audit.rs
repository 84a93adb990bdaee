//! `nightjar audit`: the trail, and the proof that it is whole.

use aws_sdk_dynamodb::Client;
use nightjar_aws::stores::AuditStore;
use nightjar_domain::audit::{AuditEntry, ChainError, Tip, verify};
use serde::Serialize;

use crate::aws::AwsArgs;
use crate::outcome::Outcome;
use crate::output::{Output, progress, table};

/// Entries read at a time.
const PAGE: i32 = 500;

#[derive(Debug, clap::Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
    /// The audit table.
    #[arg(long, default_value = "aiops-audit", global = true)]
    table: String,
    /// AWS region; else AWS_REGION or the profile's.
    #[arg(long, global = true)]
    region: Option<String>,
    /// Profile of the AWS configuration; else AWS_PROFILE or `default`.
    #[arg(long, global = true)]
    profile: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum AuditCommand {
    /// Check every entry's hash and its link to the one before. Exit status 1 if one does not fit.
    Verify,
    /// List entries, oldest first.
    List {
        /// Start after this entry.
        #[arg(long, default_value_t = 0)]
        after: u64,
        /// How many entries at most.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=1000))]
        limit: i32,
    },
}

/// What a verification found.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Verification {
    valid: bool,
    /// Entries that were found in order.
    entries: u64,
    /// The hash of the last of them: note it outside AWS, and a later verification can be compared with it.
    tip: String,
    /// The first thing that is wrong.
    problem: Option<String>,
}

pub(super) async fn run(args: &AuditArgs, output: Output) -> anyhow::Result<Outcome> {
    let aws = AwsArgs { region: args.region.clone(), profile: args.profile.clone() };
    let store = AuditStore::new(Client::new(&aws.load().await), args.table.clone());
    match args.command {
        AuditCommand::Verify => {
            let verification = verify_all(&store).await?;
            output.print(&verification, describe)?;
            Ok(Outcome::fine_if(verification.valid))
        }
        AuditCommand::List { after, limit } => {
            let entries = store.read(after, limit).await?;
            output.print(&entries, |entries| list(entries))?;
            Ok(Outcome::Fine)
        }
    }
}

/// Walks the chain from its first entry, page by page.
async fn verify_all(store: &AuditStore) -> anyhow::Result<Verification> {
    let bar = progress("Verifying audit entries");
    let mut tip = Tip::genesis();
    loop {
        let entries = store.read(tip.seq, PAGE).await?;
        if entries.is_empty() {
            bar.finish_and_clear();
            return Ok(Verification { valid: true, entries: tip.seq, tip: tip.hash, problem: None });
        }
        for entry in &entries {
            match verify(tip.clone(), [entry]) {
                Ok(next) => tip = next,
                Err(error) => {
                    bar.finish_and_clear();
                    return Ok(broken(&tip, &error));
                }
            }
        }
        bar.set_position(tip.seq);
    }
}

fn broken(last_good: &Tip, error: &ChainError) -> Verification {
    Verification { valid: false, entries: last_good.seq, tip: last_good.hash.clone(), problem: Some(error.to_string()) }
}

fn describe(verification: &Verification) -> String {
    let Verification { entries, tip, problem, .. } = verification;
    match problem {
        None => format!("The audit trail is whole: {entries} entries, tip {tip}"),
        Some(problem) => format!(
            "The audit trail is BROKEN: {problem}.\nThe {entries} entries before it are whole, their tip is {tip}.\n\
             Compare the entry with the table's point-in-time recovery, and find who may write to the table."
        ),
    }
}

fn list(entries: &[AuditEntry]) -> String {
    let rows = entries.iter().map(|AuditEntry { seq, fact, hash, .. }| {
        let because = fact.because_of.clone().unwrap_or_default();
        let short = hash.get(..12).unwrap_or(hash).to_owned();
        [
            seq.to_string(),
            fact.at.to_string(),
            fact.kind.as_str().to_owned(),
            fact.actor.clone(),
            fact.subject.clone(),
            because,
            short,
        ]
    });
    table(&["#", "at", "what", "who", "to what", "because of", "hash"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::operation::query::QueryOutput;
    use aws_sdk_dynamodb::types::AttributeValue;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use nightjar_domain::audit::{Fact, FactKind, MAIN_CHAIN};
    use nightjar_testkit::now;

    fn chain(length: u64) -> Vec<AuditEntry> {
        let mut tip = Tip::genesis();
        (0..length)
            .map(|index| {
                let fact = Fact::new(
                    FactKind::IncidentOpened,
                    "log-analyzer-rca",
                    &format!("inc_{index}"),
                    None,
                    now(),
                    serde_json::json!({}),
                );
                let entry = AuditEntry::next(MAIN_CHAIN, &tip, fact).unwrap();
                tip = entry.tip();
                entry
            })
            .collect()
    }

    fn page(entries: &[AuditEntry]) -> QueryOutput {
        let item = |entry: &AuditEntry| {
            [("entry".to_owned(), AttributeValue::S(serde_json::to_string(entry).unwrap()))].into()
        };
        QueryOutput::builder().set_items(Some(entries.iter().map(item).collect())).build()
    }

    async fn verification_of(pages: [&[AuditEntry]; 2]) -> Verification {
        let (first, second) = (page(pages[0]), page(pages[1]));
        let rule = mock!(Client::query)
            .sequence()
            .output(move || first.clone())
            .output(move || second.clone())
            .output(|| QueryOutput::builder().build())
            .build();
        let client = mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, [&rule]);
        verify_all(&AuditStore::new(client, "aiops-audit".to_owned())).await.unwrap()
    }

    #[tokio::test]
    async fn a_whole_chain_is_counted_over_all_pages() {
        let entries = chain(5);
        let verification = verification_of([&entries[..3], &entries[3..]]).await;
        assert!(verification.valid);
        assert_eq!((verification.entries, verification.tip), (5, entries[4].hash.clone()));
    }

    #[tokio::test]
    async fn the_first_broken_entry_is_named() {
        let mut entries = chain(5);
        entries[3].fact.actor = "somebody".to_owned();
        let verification = verification_of([&entries[..3], &entries[3..]]).await;
        assert_eq!(verification.entries, 3);
        assert_eq!(
            verification.problem.as_deref(),
            Some("entry 4 was changed after it was written: its hash does not match its content")
        );
    }
}
