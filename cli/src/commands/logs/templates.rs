//! `nightjar logs templates`.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::bail;
use nightjar_logs::header::SAMPLE_LINES;
use nightjar_logs::{HeaderModel, Miner, MinerOptions, Record, TemplateId};
use serde::Serialize;

use super::read::{Lines, Report};
use crate::outcome::Outcome;
use crate::output::{Output, table};

/// So many lines are looked at together before the first is answered; later lines are answered as they come.
const LOOK_AHEAD: usize = 1_000_000;

#[derive(Debug, clap::Args)]
pub struct TemplatesArgs {
    /// Log files, plain or gzip; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(rename = "line")]
    number: u64,
    template_id: u32,
    template: &'a str,
}

pub(super) fn run(args: &TemplatesArgs, output: Output) -> anyhow::Result<Outcome> {
    let mut mining = Mining {
        miner: Miner::new(MinerOptions::default()),
        several: args.files.len() > 1,
        files: Vec::new(),
        waiting: Vec::new(),
        ahead: true,
        out: output.is_json().then(|| BufWriter::with_capacity(1 << 16, std::io::stdout().lock())),
        rendered: Vec::new(),
        counts: Vec::new(),
    };
    let mut problems = Vec::new();
    for path in &args.files {
        let mut lines = Lines::open(path)?;
        mining.file(&mut lines)?;
        let report = lines.report.clone();
        tell(&report, lines.name(), &mut problems);
    }
    match mining.finish() {
        // The reader, such as `head`, has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(Outcome::Fine),
        other => other?,
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("; "));
    }
    Ok(Outcome::Fine)
}

fn tell(report: &Report, name: &str, problems: &mut Vec<String>) {
    for gap in report.gaps(name).into_iter().filter(|gap| Some(gap) != report.ended.as_ref()) {
        eprintln!("nightjar: {gap}");
    }
    problems.extend(report.ended.clone());
}

struct Mining<W: Write> {
    miner: Miner,
    several: bool,
    files: Vec<String>,
    /// Ids of lines that have no answer yet: the file, the line, the template.
    waiting: Vec<(u32, u64, TemplateId)>,
    ahead: bool,
    out: Option<W>,
    rendered: Vec<Option<String>>,
    counts: Vec<u64>,
}

impl<W: Write> Mining<W> {
    fn file(&mut self, lines: &mut Lines) -> std::io::Result<()> {
        let file = self.files.len() as u32;
        self.files.push(lines.name().to_owned());
        let mut first: Vec<String> = Vec::new();
        while first.len() < SAMPLE_LINES
            && let Some(line) = lines.next()
        {
            first.push(line.to_owned());
        }
        let headers = HeaderModel::learn(first.iter().map(String::as_str));
        let mut number = 0;
        for line in &first {
            number += 1;
            self.line(file, number, line, &headers)?;
        }
        drop(first);
        while let Some(line) = lines.next() {
            number += 1;
            self.line(file, number, line, &headers)?;
        }
        Ok(())
    }

    fn line(&mut self, file: u32, number: u64, line: &str, headers: &HeaderModel) -> std::io::Result<()> {
        let record = Record::parse(line, headers);
        let id = self.miner.observe(&record.message);
        if !self.ahead {
            return self.answer(file, number, id);
        }
        self.waiting.push((file, number, id));
        if self.waiting.len() == LOOK_AHEAD { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.ahead = false;
        self.miner.refine();
        for (file, number, id) in std::mem::take(&mut self.waiting) {
            self.answer(file, number, id)?;
        }
        Ok(())
    }

    fn answer(&mut self, file: u32, number: u64, id: TemplateId) -> std::io::Result<()> {
        let id = self.miner.current(id);
        let at = id.0 as usize;
        if self.counts.len() <= at {
            self.counts.resize(self.miner.ids(), 0);
            self.rendered.resize(self.miner.ids(), None);
        }
        self.counts[at] += 1;
        let Some(out) = &mut self.out else { return Ok(()) };
        let template = self.rendered[at].get_or_insert_with(|| self.miner.template(id));
        let file = self.several.then(|| self.files[file as usize].as_str());
        serde_json::to_writer(&mut *out, &Line { file, number, template_id: id.0, template })?;
        out.write_all(b"\n")
    }

    fn finish(mut self) -> std::io::Result<()> {
        self.flush()?;
        if self.miner.overflowed() > 0 {
            eprintln!(
                "nightjar: {} lines of new kinds came after the {} kinds that are told apart; their template is {:?}",
                self.miner.overflowed(),
                self.miner.ids() - 1,
                self.miner.template(TemplateId::OTHER)
            );
        }
        if let Some(mut out) = self.out {
            return out.flush();
        }
        let mut rows: Vec<(u64, usize)> =
            self.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(|(id, count)| (*count, id)).collect();
        rows.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let text = table(
            &["lines", "id", "template"],
            rows.iter().map(|(count, id)| {
                let template = self.miner.template(TemplateId(*id as u32));
                [count.to_string(), id.to_string(), template.chars().take(200).collect()]
            }),
        );
        writeln!(std::io::stdout().lock(), "{text}")
    }
}
