//! `nightjar audit verify`

use std::fs::File;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use nightjar_aws::clock;
use nightjar_domain::audit::{NamedAnchor, PublicKey, Report, Retention, Verifier, verify_export};

use super::AuditArgs;
use super::anchors::{read_folder, read_key};
use super::source::{AnchorSource, store};
use crate::outcome::Outcome;
use crate::output::{Output, progress};

/// Threads that compute hashes.
const WORKERS: usize = 2;

#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// A file that `nightjar audit export` wrote; else the table. With a file nothing of AWS is asked.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A folder with anchors, such as a copy of the bucket's `anchors/`; else those in the file, or the bucket's.
    #[arg(long, value_name = "DIR")]
    anchors: Option<PathBuf>,
    /// The public key that the anchors are signed for, as PEM; else the one in the file, or that of KMS.
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// Do without anchors: a cut tail or a rewritten trail may then go unseen.
    #[arg(long, conflicts_with = "anchors")]
    no_anchors: bool,
}

/// The entries, and what vouches for them.
struct Trail {
    verifier: Verifier,
    anchors: Option<(Vec<NamedAnchor>, PublicKey)>,
}

pub(super) async fn run(args: &AuditArgs, verify: &VerifyArgs, output: Output) -> anyhow::Result<Outcome> {
    let trail = match &verify.file {
        Some(file) => from_file(file, verify)?,
        None => from_table(args, verify).await?,
    };
    let retention = Retention::bundled()?;
    let anchors = trail.anchors.as_ref().map(|(anchors, key)| (anchors.as_slice(), key));
    let report = trail.verifier.finish(anchors, &retention, clock::now());
    print(&report, output)?;
    Ok(Outcome::fine_if(report.valid))
}

/// For people the story first; the last line is the report as JSON in either case.
fn print(report: &Report, output: Output) -> anyhow::Result<()> {
    let line = serde_json::to_string(report)?;
    let text = if output.is_json() { line } else { format!("{}\n{line}", describe(report, clock::now())) };
    Output::new(false).print(&text, Clone::clone)
}

fn from_file(file: &Path, verify: &VerifyArgs) -> anyhow::Result<Trail> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let reader = File::open(file).with_context(|| format!("{} cannot be opened", file.display()))?;
    let export = verify_export(reader, cores.min(WORKERS)).with_context(|| format!("{}", file.display()))?;
    let anchors = match &verify.anchors {
        Some(folder) => read_folder(folder)?,
        None if verify.no_anchors => Vec::new(),
        None => export.anchors,
    };
    if anchors.is_empty() {
        return Ok(Trail { verifier: export.verifier, anchors: None });
    }
    let key = match (&verify.public_key, &export.public_key) {
        (Some(file), _) => read_key(file)?,
        (None, Some(pem)) => {
            eprintln!(
                "nightjar: the public key is taken from the export: who could forge the one could forge the other. \
                 Compare with --public-key."
            );
            PublicKey::from_pem(pem).with_context(|| format!("the public key in {}", file.display()))?
        }
        (None, None) => bail!("the anchors cannot be checked without the public key: give --public-key"),
    };
    Ok(Trail { verifier: export.verifier, anchors: Some((anchors, key)) })
}

async fn from_table(args: &AuditArgs, verify: &VerifyArgs) -> anyhow::Result<Trail> {
    let config = args.aws().await;
    // Before the entries: an anchor that is taken meanwhile would vouch for entries that were not read.
    let anchors = if verify.no_anchors { None } else { Some(anchors_of(args, verify, &config).await?) };
    let bar = progress("Verifying audit entries");
    let mut verifier = Verifier::default();
    store(args, &config).walk(&mut verifier, |_| bar.inc(1)).await?;
    bar.finish_and_clear();
    Ok(Trail { verifier, anchors })
}

async fn anchors_of(
    args: &AuditArgs,
    verify: &VerifyArgs,
    config: &aws_config::SdkConfig,
) -> anyhow::Result<(Vec<NamedAnchor>, PublicKey)> {
    let hint = "the anchors cannot be read; --anchors and --public-key name files instead, --no-anchors does without";
    let source = AnchorSource::find(args, config).await?;
    let key = match &verify.public_key {
        Some(file) => read_key(file)?,
        None => source.signer.public_key().await.context(hint)?,
    };
    let anchors = match &verify.anchors {
        Some(folder) => read_folder(folder)?,
        None => source.bucket.all().await.context(hint)?,
    };
    Ok((anchors, key))
}

fn describe(report: &Report, now: Timestamp) -> String {
    let Report { entries, chains, anchors, .. } = report;
    let counted = format!("{entries} entries in {} chains, {anchors} good anchors", chains.len());
    let vouched = match report.newest_anchor_at {
        None => "No anchor vouches for it: a cut tail or a trail rewritten as a whole may go unseen.".to_owned(),
        Some(at) => {
            let hours = now.duration_since(at).as_hours();
            format!(
                "Anchors vouch for {} entries; the newest was taken at {at}, {hours} h ago.",
                report.anchored_through
            )
        }
    };
    if report.valid {
        return format!("The audit trail is whole: {counted}. {vouched}");
    }
    let problems: Vec<String> =
        report.problems.iter().map(|bad| format!("  {} ({})", bad.detail, bad.reason.as_str())).collect();
    format!(
        "The audit trail is BROKEN: {counted}.\n{}\nCompare with the table's point-in-time recovery, and find who may write to \
         the table.",
        problems.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use nightjar_domain::audit::ExportLine;
    use nightjar_testkit::{AnchorKey, Trail};

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        args: AuditArgs,
    }

    async fn verify(arguments: &[&str]) -> Outcome {
        let typed = Typed::parse_from([&["audit", "verify"], arguments].concat());
        super::super::run(&typed.args, Output::new(true)).await.unwrap()
    }

    /// A folder with an export, the anchors as files, and the key.
    struct Files {
        dir: tempfile::TempDir,
        key: AnchorKey,
        trail: Trail,
    }

    impl Files {
        fn new() -> Self {
            let key = AnchorKey::default();
            Self { dir: tempfile::tempdir().unwrap(), trail: Trail::grown(90, 30, &key), key }
        }

        fn path(&self, name: &str) -> String {
            self.dir.path().join(name).display().to_string()
        }

        fn write(&self) -> &Self {
            let anchors = self.path("anchors");
            std::fs::create_dir_all(&anchors).unwrap();
            let mut lines = vec![serde_json::to_string(&ExportLine::PublicKey(self.key.public().to_pem())).unwrap()];
            for named in &self.trail.anchors {
                std::fs::write(format!("{anchors}/{}", named.name), serde_json::to_string(&named.anchor).unwrap())
                    .unwrap();
                lines.push(serde_json::to_string(&ExportLine::Anchor(named.clone())).unwrap());
            }
            let entries: Vec<String> =
                self.trail.entries.iter().map(|entry| entry.to_canonical_json().unwrap()).collect();
            std::fs::write(self.path("entries.jsonl"), entries.join("\n")).unwrap();
            std::fs::write(self.path("export.jsonl"), [lines, entries].concat().join("\n")).unwrap();
            std::fs::write(self.path("key.pem"), self.key.public().to_pem()).unwrap();
            self
        }

        async fn verify(&self, arguments: &[&str]) -> Outcome {
            let paths: Vec<String> = arguments
                .iter()
                .map(|argument| if argument.starts_with("--") { (*argument).to_owned() } else { self.path(argument) })
                .collect();
            verify(&paths.iter().map(String::as_str).collect::<Vec<_>>()).await
        }
    }

    #[tokio::test]
    async fn a_whole_trail_is_fine_with_anchors_from_anywhere_or_nowhere() {
        let files = Files::new();
        files.write();
        for arguments in [
            &["--file", "export.jsonl"] as &[&str],
            &["--file", "export.jsonl", "--public-key", "key.pem"],
            &["--file", "entries.jsonl", "--anchors", "anchors", "--public-key", "key.pem"],
            &["--file", "entries.jsonl"],
            &["--file", "export.jsonl", "--no-anchors"],
        ] {
            assert_eq!(files.verify(arguments).await, Outcome::Fine, "{arguments:?}");
        }
    }

    #[tokio::test]
    async fn a_cut_tail_is_wrong_with_anchors_and_unseen_without() {
        let mut files = Files::new();
        files.trail.entries.truncate(70);
        files.write();
        assert_eq!(files.verify(&["--file", "export.jsonl"]).await, Outcome::Wrong);
        assert_eq!(files.verify(&["--file", "export.jsonl", "--no-anchors"]).await, Outcome::Fine);
    }

    #[tokio::test]
    async fn another_key_is_wrong() {
        let files = Files::new();
        files.write();
        std::fs::write(files.path("other.pem"), AnchorKey::default().public().to_pem()).unwrap();
        assert_eq!(files.verify(&["--file", "export.jsonl", "--public-key", "other.pem"]).await, Outcome::Wrong);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_neither_fine_nor_wrong() {
        let files = Files::new();
        files.write();
        std::fs::write(files.path("empty"), "").unwrap();
        std::fs::write(files.path("broken"), "{\"chain\":\"main\"").unwrap();
        std::fs::create_dir(files.path("no-anchors")).unwrap();
        for arguments in [
            &["--file", "missing"] as &[&str],
            &["--file", "empty"],
            &["--file", "broken"],
            &["--file", "entries.jsonl", "--anchors", "anchors"],
            &["--file", "entries.jsonl", "--anchors", "no-anchors", "--public-key", "key.pem"],
            &["--file", "entries.jsonl", "--anchors", "missing", "--public-key", "key.pem"],
            &["--file", "export.jsonl", "--public-key", "empty"],
        ] {
            assert_eq!(files.verify(arguments).await, Outcome::Unreadable, "{arguments:?}");
        }
    }

    #[test]
    fn people_are_told_what_is_wrong_and_what_vouches_for_the_rest() {
        let files = Files::new();
        let report = |trail: &Trail| {
            let mut verifier = Verifier::default();
            for entry in &trail.entries {
                let text = entry.to_canonical_json().unwrap();
                verifier.push(&nightjar_domain::audit::examine(text.as_bytes()).unwrap());
            }
            let key = files.key.public();
            verifier.finish(Some((&trail.anchors, &key)), &Retention::bundled().unwrap(), nightjar_testkit::now())
        };
        let told = describe(&report(&files.trail), nightjar_testkit::now());
        assert!(told.starts_with("The audit trail is whole: 90 entries in 16 chains, 3 good anchors."), "{told}");
        assert!(told.contains("vouch for 90 entries") && told.contains("0 h ago"), "{told}");
        let mut cut = files.trail.clone();
        cut.entries.truncate(70);
        let told = describe(&report(&cut), nightjar_testkit::now());
        assert!(told.contains("BROKEN") && told.contains("(truncated)") && told.contains("vouches for it"), "{told}");
    }
}
