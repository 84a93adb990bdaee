//! `nightjar config publish|history|rollback`: the configuration's versions, with the permissions of whoever types.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use aws_sdk_dynamodb::Client;
use jiff::Timestamp;
use nightjar_aws::clock;
use nightjar_aws::stores::{AuditStore, ConfigPublication, ConfigStore, Published};
use nightjar_domain::configuration::{Checker, Document, Version};
use nightjar_security::noise::Noise;
use serde::Serialize;

use crate::aws::{AwsArgs, caller};
use crate::outcome::Outcome;
use crate::output::{Output, table};

pub(super) const CHECKER: Checker =
    Checker { noise: |json| Noise::parse(json).map(drop).map_err(|error| error.to_string()) };

#[derive(Debug, clap::Args)]
pub(super) struct StoreArgs {
    /// Terraform's name_prefix: the tables are <prefix>-config and <prefix>-audit.
    #[arg(long, default_value = "aiops")]
    prefix: String,
    #[command(flatten)]
    aws: AwsArgs,
}

#[derive(Debug, clap::Args)]
pub struct PublishArgs {
    /// Such as alert_routes; all that have a file where none is named.
    documents: Vec<Document>,
    /// Where the files are.
    #[arg(long, value_name = "DIR", default_value = "config")]
    dir: PathBuf,
    /// Why, for the audit trail.
    #[arg(long, value_name = "TEXT")]
    why: String,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, clap::Args)]
pub struct HistoryArgs {
    /// Such as alert_routes.
    document: Document,
    /// How many versions at most, the newest first.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=100))]
    limit: u16,
    /// Print the text of this version.
    #[arg(long, value_name = "VERSION")]
    show: Option<u64>,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Debug, clap::Args)]
pub struct RollbackArgs {
    /// Such as alert_routes.
    document: Document,
    /// The version to bring back; the one before the newest if absent.
    #[arg(long, value_name = "VERSION")]
    to: Option<u64>,
    /// Why, for the audit trail.
    #[arg(long, value_name = "TEXT")]
    why: String,
    #[command(flatten)]
    store: StoreArgs,
}

/// What became of one document.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Told {
    document: Document,
    version: u64,
    /// `false`: the newest version says the same.
    published: bool,
}

/// The tables, and who writes to them.
struct Versions {
    config: ConfigStore,
    audit: AuditStore,
    by: String,
}

impl Versions {
    async fn open(args: &StoreArgs) -> anyhow::Result<Self> {
        let config = args.aws.load().await;
        let (client, prefix) = (Client::new(&config), &args.prefix);
        Ok(Self {
            config: ConfigStore::new(client.clone(), format!("{prefix}-config")),
            audit: AuditStore::new(client, format!("{prefix}-audit")),
            by: caller(&config).await?,
        })
    }

    async fn publish(
        &self,
        (document, json): (Document, &str),
        why: &str,
        (brings_back, expected): (Option<u64>, Option<u64>),
        with: BTreeMap<Document, String>,
        now: Timestamp,
    ) -> anyhow::Result<Told> {
        let publication = ConfigPublication { document, json, by: &self.by, why, brings_back, expected, with };
        let published = self.config.publish(&publication, CHECKER, &self.audit, now).await?;
        let new = matches!(published, Published::New(_));
        Ok(Told { document, version: published.version().version, published: new })
    }
}

pub(super) async fn publish(args: &PublishArgs, output: Output) -> anyhow::Result<Outcome> {
    ensure!(!args.why.trim().is_empty(), "--why is empty: the audit trail wants a reason");
    let texts = texts(&args.dir, &args.documents)?;
    // All or nothing: no document is published while another one cannot be.
    let problems: Vec<String> = texts
        .iter()
        .filter_map(|(document, json)| Some(format!("{document}: {}", CHECKER.check(*document, json, &texts).err()?)))
        .collect();
    ensure!(problems.is_empty(), "nothing is published: {}", problems.join("\n"));
    let versions = Versions::open(&args.store).await?;
    let mut told = Vec::new();
    for (document, json) in &texts {
        let with = document.companion().and_then(|other| Some((other, texts.get(&other)?.clone())));
        let with = with.into_iter().collect();
        told.push(versions.publish((*document, json), &args.why, (None, None), with, clock::now()).await?);
    }
    output.print(&told, |told| describe(told))?;
    Ok(Outcome::Fine)
}

pub(super) async fn history(args: &HistoryArgs, output: Output) -> anyhow::Result<Outcome> {
    let client = Client::new(&args.store.aws.load().await);
    let store = ConfigStore::new(client, format!("{}-config", args.store.prefix));
    if let Some(number) = args.show {
        let version = store.get(args.document, number).await?;
        let version = version.with_context(|| format!("there is no version {number} of {}", args.document))?;
        output.print(&version, |version| version.json.clone())?;
        return Ok(Outcome::Fine);
    }
    let versions = store.versions(args.document, args.limit.into()).await?;
    output.print(&versions, |versions| list(args.document, versions))?;
    Ok(Outcome::Fine)
}

pub(super) async fn rollback(args: &RollbackArgs, output: Output) -> anyhow::Result<Outcome> {
    ensure!(!args.why.trim().is_empty(), "--why is empty: the audit trail wants a reason");
    let versions = Versions::open(&args.store).await?;
    let document = args.document;
    let newest = versions.config.newest(document).await?;
    let newest = newest.with_context(|| format!("{document} was never published: there is nothing to go back to"))?;
    let to = args.to.unwrap_or(newest.version.saturating_sub(1));
    let Some(earlier) = versions.config.get(document, to).await? else {
        bail!("there is no version {to} of {document}: `nightjar config history {document}` shows them");
    };
    let from = (Some(to), Some(newest.version));
    let told = versions.publish((document, &earlier.json), &args.why, from, BTreeMap::new(), clock::now()).await?;
    output.print(&told, |told| describe(std::slice::from_ref(told)))?;
    Ok(Outcome::Fine)
}

/// The files of the documents that are named; of all that have one, where none is.
fn texts(dir: &Path, named: &[Document]) -> anyhow::Result<BTreeMap<Document, String>> {
    let all = Document::ALL.into_iter().filter(|document| named.is_empty() || named.contains(document));
    let mut texts = BTreeMap::new();
    for document in all {
        match document.file() {
            Some(file) => {
                let path = dir.join(file);
                let text = std::fs::read_to_string(&path);
                texts.insert(document, text.with_context(|| format!("{} cannot be read", path.display()))?);
            }
            None if named.is_empty() => {}
            None => bail!("{document} has no file: it is set with nightjar thresholds set"),
        }
    }
    Ok(texts)
}

fn describe(told: &[Told]) -> String {
    let rows = told.iter().map(|Told { document, version, published }| {
        let became = if *published { "published: in force within a minute" } else { "as it was" };
        [document.to_string(), version.to_string(), became.to_owned()]
    });
    table(&["document", "version", ""], rows)
}

fn list(document: Document, versions: &[Version]) -> String {
    if versions.is_empty() {
        return format!("{document} was never published: the one that ships is in force");
    }
    let rows = versions.iter().map(|version| {
        let back = version.brings_back.map_or_else(String::new, |back| format!(" (brings back {back})"));
        let why = super::alarms::plain(&format!("{}{back}", version.why));
        [
            version.version.to_string(),
            version.at.to_string(),
            version.by.clone(),
            why,
            version.sha256()[..12].to_owned(),
        ]
    });
    table(&["version", "at", "by", "why", "sha256"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_read_where_none_is_named_and_what_has_none_is_told() {
        let dir = Path::new("../config");
        let all = texts(dir, &[]).unwrap();
        assert_eq!(all.len(), Document::ALL.len() - 1);
        for (document, json) in &all {
            assert_eq!(CHECKER.check(*document, json, &all), Ok(()), "{document}");
        }
        assert_eq!(texts(dir, &[Document::LogWatch]).unwrap().len(), 1);
        let error = texts(dir, &[Document::ThresholdOverrides]).unwrap_err().to_string();
        assert!(error.contains("nightjar thresholds set"), "{error}");
        let error = texts(Path::new("nowhere"), &[Document::LogWatch]).unwrap_err().to_string();
        assert!(error.contains("log_watch.json"), "{error}");
    }

    #[test]
    fn a_history_names_who_when_and_why() {
        let version = Version {
            document: Document::LogWatch,
            version: 3,
            json: "{}".to_owned(),
            by: "arn:aws:iam::111122223333:user/anna".to_owned(),
            at: nightjar_testkit::now(),
            why: "too loud\u{1b}[2J".to_owned(),
            brings_back: Some(1),
        };
        let list = list(Document::LogWatch, &[version]);
        for part in ["3", "user/anna", "too loud", "(brings back 1)", "44136fa355b3"] {
            assert!(list.contains(part), "{part}: {list}");
        }
        assert!(!list.contains('\u{1b}'), "{list}");
        assert!(super::list(Document::LogWatch, &[]).contains("never published"));
    }
}
