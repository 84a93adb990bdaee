//! The file `nightjar audit export` writes: JSON lines, each an entry, an anchor or the public key.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use serde::{Deserialize, Serialize};

use super::{Examined, NamedAnchor, Verifier, examine};

/// Bytes that one worker is given at a time; a longer line makes a longer block.
const BLOCK: usize = 1 << 20;
/// Blocks that may wait at a worker.
const AHEAD: usize = 2;

/// A line that is not an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportLine {
    Anchor(NamedAnchor),
    /// The public key, as PEM.
    PublicKey(String),
}

/// What an export holds beside its entries.
#[derive(Debug, Default)]
pub struct Export {
    pub verifier: Verifier,
    pub anchors: Vec<NamedAnchor>,
    /// Only as good as the file: who can change the entries can change the key.
    pub public_key: Option<String>,
}

/// The file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("it cannot be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("line {line} is neither an audit entry nor an anchor nor a key: {problem}")]
    Line { line: u64, problem: String },
    #[error("it holds no audit entry: was the export interrupted?")]
    Empty,
    #[error("a worker ended early")]
    Worker,
}

type Answer = Result<Parsed, ExportError>;

/// Full lines, and the number of the first.
struct Block {
    text: Vec<u8>,
    line: u64,
}

#[derive(Default)]
struct Parsed {
    entries: Vec<Examined>,
    others: Vec<ExportLine>,
}

/// Reads an export. Hashes are computed by `workers` threads, block by block; the entries are linked here, in the file's order.
pub fn verify_export(reader: impl Read, workers: usize) -> Result<Export, ExportError> {
    std::thread::scope(|scope| {
        let workers: Vec<(SyncSender<Block>, Receiver<Answer>)> = (0..workers.max(1))
            .map(|_| {
                let (send_block, blocks) = sync_channel::<Block>(AHEAD);
                let (answer, answers) = sync_channel(AHEAD);
                scope
                    .spawn(move || blocks.iter().map(|block| parse(&block)).try_for_each(|parsed| answer.send(parsed)));
                (send_block, answers)
            })
            .collect();
        let mut export = Export::default();
        let mut entries = 0;
        let mut blocks = Blocks { reader, rest: Vec::new(), line: 1 };
        let mut turns = workers.iter().cycle();
        let mut busy: VecDeque<&Receiver<_>> = VecDeque::new();
        loop {
            let block = blocks.next()?;
            let ended = block.is_none();
            if let (Some(block), Some((send_block, answers))) = (block, turns.next()) {
                send_block.send(block).map_err(|_| ExportError::Worker)?;
                busy.push_back(answers);
            }
            while busy.len() >= workers.len() * AHEAD || (ended && !busy.is_empty()) {
                let Some(answers) = busy.pop_front() else { break };
                let parsed = answers.recv().map_err(|_| ExportError::Worker)??;
                entries += parsed.entries.len();
                parsed.entries.iter().for_each(|entry| export.verifier.push(entry));
                for other in parsed.others {
                    match other {
                        ExportLine::Anchor(anchor) => export.anchors.push(anchor),
                        ExportLine::PublicKey(pem) => export.public_key = Some(pem),
                    }
                }
            }
            if ended {
                return if entries == 0 { Err(ExportError::Empty) } else { Ok(export) };
            }
        }
    })
}

struct Blocks<R> {
    reader: R,
    /// The start of a line whose end has not been read.
    rest: Vec<u8>,
    line: u64,
}

impl<R: Read> Blocks<R> {
    fn next(&mut self) -> Result<Option<Block>, std::io::Error> {
        let mut text = std::mem::take(&mut self.rest);
        text.reserve(BLOCK);
        loop {
            let before = text.len();
            let read = self.reader.by_ref().take(BLOCK as u64).read_to_end(&mut text)?;
            let fresh = text.get(before..).unwrap_or_default();
            if read == 0 {
                return Ok((!text.is_empty()).then_some(Block { text, line: self.line }));
            }
            if let Some(end) = fresh.iter().rposition(|byte| *byte == b'\n') {
                self.rest = text.split_off(before + end + 1);
                let line = self.line;
                self.line += text.split(|byte| *byte == b'\n').skip(1).count() as u64;
                return Ok(Some(Block { text, line }));
            }
        }
    }
}

fn parse(block: &Block) -> Result<Parsed, ExportError> {
    let mut parsed = Parsed::default();
    for (line, text) in (block.line..).zip(block.text.split(|byte| *byte == b'\n')) {
        if text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match examine(text) {
            Ok(entry) => parsed.entries.push(entry),
            Err(error) => match serde_json::from_slice(text) {
                Ok(other) => parsed.others.push(other),
                Err(_) => return Err(ExportError::Line { line, problem: error.to_string() }),
            },
        }
    }
    Ok(parsed)
}
