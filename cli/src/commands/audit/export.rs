//! `nightjar audit export`

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use aws_config::SdkConfig;
use nightjar_domain::audit::{ExportLine, Verifier};
use serde::Serialize;

use super::AuditArgs;
use super::source::{AnchorSource, store};
use crate::outcome::Outcome;
use crate::output::{Output, progress};

#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// The file to write; else standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Leave the anchors and the public key out.
    #[arg(long)]
    no_anchors: bool,
}

/// What an export holds.
#[derive(Debug, Serialize)]
struct Exported {
    file: String,
    entries: u64,
    anchors: usize,
}

pub(super) async fn run(args: &AuditArgs, export: &ExportArgs, output: Output) -> anyhow::Result<Outcome> {
    let config = args.aws().await;
    let mut lines: Box<dyn Write> = match &export.out {
        None => Box::new(std::io::stdout().lock()),
        Some(path) => {
            let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            Box::new(BufWriter::new(file))
        }
    };
    // Before the entries: an anchor that is taken meanwhile must not vouch for entries that were not read.
    let anchors = if export.no_anchors { 0 } else { write_anchors(args, &config, &mut lines).await? };
    let bar = progress("Exporting audit entries");
    let mut entries = 0;
    let mut failure = Ok(());
    let walk = store(args, &config)
        .walk(&mut Verifier::default(), |text| {
            entries += 1;
            bar.set_position(entries);
            if failure.is_ok() {
                failure = writeln!(lines, "{text}");
            }
        })
        .await;
    bar.finish_and_clear();
    walk?;
    failure.context("the export cannot be written")?;
    lines.flush().context("the export cannot be written")?;
    drop(lines);
    if let Some(path) = &export.out {
        let exported = Exported { file: path.display().to_string(), entries, anchors };
        output.print(&exported, |Exported { file, entries, anchors }| {
            format!("{entries} entries and {anchors} anchors are in {file}. Check them anywhere: nightjar audit verify --file {file}")
        })?;
    }
    Ok(Outcome::Fine)
}

/// Writes the public key and all anchors; returns how many.
async fn write_anchors(args: &AuditArgs, config: &SdkConfig, lines: &mut impl Write) -> anyhow::Result<usize> {
    let source = AnchorSource::find(args, config).await?;
    let hint = "the anchors cannot be read; --no-anchors leaves them out";
    let key = source.signer.public_key().await.context(hint)?;
    let anchors = source.bucket.all().await.context(hint)?;
    let count = anchors.len();
    for line in [ExportLine::PublicKey(key.to_pem())].into_iter().chain(anchors.into_iter().map(ExportLine::Anchor)) {
        writeln!(lines, "{}", serde_json::to_string(&line)?).context("the export cannot be written")?;
    }
    Ok(count)
}
