//! Lines of a file or of standard input: plain or gzip, whatever their encoding, in bounded memory.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, stdin};
use std::path::Path;

use anyhow::Context as _;
use flate2::bufread::MultiGzDecoder;

/// Bytes of a line that are kept. No message is told from others by what stands further on.
const MAX_LINE: usize = 256 * 1024;
/// How much a compressed file may unpack to before the rest is left: deflate shrinks zeros a thousandfold.
const MAX_UNPACKED: u64 = 16 << 30;

/// Reads lines, and remembers what was wrong with them.
pub(super) struct Lines {
    reader: Box<dyn BufRead>,
    name: String,
    line: Vec<u8>,
    lossy: String,
    first: bool,
    pub(super) report: Report,
}

/// What a reader of the result should know of the input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Report {
    pub(super) lines: u64,
    /// Lines with bytes that are not UTF-8; they were replaced.
    pub(super) not_utf8: u64,
    /// Lines that were longer than what is kept of one.
    pub(super) cut: u64,
    /// Why reading ended before the end.
    pub(super) ended: Option<String>,
}

impl Lines {
    /// Opens `path`; `-` is standard input. Compressed data is known by its first bytes.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let standard = path == Path::new("-");
        let name = if standard { "standard input".to_owned() } else { path.display().to_string() };
        let source: Box<dyn Read> = if standard {
            Box::new(stdin().lock())
        } else {
            let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
            let is_directory = file.metadata().is_ok_and(|data| data.is_dir());
            anyhow::ensure!(!is_directory, "cannot read {name}: it is a directory; name its files");
            Box::new(file)
        };
        Self::new(source, name)
    }

    fn new(source: Box<dyn Read>, name: String) -> anyhow::Result<Self> {
        let mut source = BufReader::with_capacity(1 << 16, source);
        let start = source.fill_buf().with_context(|| format!("cannot read {name}"))?;
        let reader: Box<dyn BufRead> = if start.starts_with(&[0x1f, 0x8b]) {
            Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(source).take(MAX_UNPACKED)))
        } else {
            Box::new(source)
        };
        Ok(Self { reader, name, line: Vec::new(), lossy: String::new(), first: true, report: Report::default() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The next line without its end. An error of the input ends it; the report says so.
    pub(super) fn next(&mut self) -> Option<&str> {
        self.line.clear();
        let mut over = false;
        let read = self.reader.by_ref().take(MAX_LINE as u64).read_until(b'\n', &mut self.line).and_then(|read| {
            if read == MAX_LINE && self.line.last() != Some(&b'\n') {
                over = self.reader.skip_until(b'\n')? > 1;
            }
            Ok(())
        });
        if let Err(error) = read {
            self.report.ended = Some(why(&self.name, &error, self.report.lines));
            // What came before the damage is a line all the same.
            self.reader = Box::new(std::io::empty());
        }
        if self.line.is_empty() {
            return None;
        }
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        }
        self.report.lines += 1;
        self.report.cut += u64::from(over);
        if std::mem::take(&mut self.first) && self.line.starts_with(b"\xef\xbb\xbf") {
            self.line.drain(..3);
        }
        while matches!(self.line.last(), Some(b'\r')) {
            self.line.pop();
        }
        // A cut may have gone through a character: that is not the file's fault.
        if over
            && let Err(error) = std::str::from_utf8(&self.line)
            && error.error_len().is_none()
        {
            self.line.truncate(error.valid_up_to());
        }
        if std::str::from_utf8(&self.line).is_err() {
            self.report.not_utf8 += 1;
            self.lossy = String::from_utf8_lossy(&self.line).into_owned();
            return Some(&self.lossy);
        }
        std::str::from_utf8(&self.line).ok()
    }
}

fn why(name: &str, error: &std::io::Error, lines: u64) -> String {
    let what = match error.kind() {
        std::io::ErrorKind::UnexpectedEof => "the compressed data ends early: the file is truncated".to_owned(),
        std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData => {
            format!("the compressed data is damaged ({error})")
        }
        _ => error.to_string(),
    };
    format!("{name} could be read only up to line {lines}: {what}")
}

impl Report {
    /// Sentences for people, about what was not read as it stands.
    pub(super) fn gaps(&self, name: &str) -> Vec<String> {
        let mut gaps = Vec::new();
        if self.lines == 0 {
            gaps.push(format!("{name} is empty"));
        }
        if self.not_utf8 > 0 {
            gaps.push(format!(
                "{name}: {} of {} lines are not UTF-8; the bytes that are not were replaced",
                self.not_utf8, self.lines
            ));
        }
        if self.cut > 0 {
            gaps.push(format!(
                "{name}: {} lines are longer than {} KiB; the rest of them was not read",
                self.cut,
                MAX_LINE / 1024
            ));
        }
        gaps.extend(self.ended.clone());
        gaps
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn read(bytes: Vec<u8>) -> (Vec<String>, Report) {
        let mut lines = Lines::new(Box::new(std::io::Cursor::new(bytes)), "x".into()).unwrap();
        let mut all = Vec::new();
        while let Some(line) = lines.next() {
            all.push(line.chars().take(20).collect());
        }
        (all, lines.report)
    }

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[rstest::rstest]
    #[case::plain(b"a\nb\n".to_vec(), &["a", "b"])]
    #[case::windows(b"a\r\nb".to_vec(), &["a", "b"])]
    #[case::with_a_mark(b"\xef\xbb\xbfa".to_vec(), &["a"])]
    #[case::empty_lines(b"\n\na\n".to_vec(), &["", "", "a"])]
    #[case::empty(Vec::new(), &[])]
    #[case::gzip(packed(b"a\nb\n"), &["a", "b"])]
    #[case::two_members([packed(b"a\n"), packed(b"b\n")].concat(), &["a", "b"])]
    #[case::not_utf8(b"\xff\xfe\n".to_vec(), &["\u{fffd}\u{fffd}"])]
    fn reads(#[case] bytes: Vec<u8>, #[case] expected: &[&str]) {
        let (lines, report) = read(bytes);
        assert_eq!(lines, expected);
        assert_eq!(report.ended, None);
    }

    #[test]
    fn a_truncated_file_gives_what_it_holds_and_says_so() {
        let lines: Vec<String> = (0..10_000_u64).map(|n| format!("line {}", n * n * 7919 % 10_007)).collect();
        let whole = packed(lines.join("\n").as_bytes());
        let (lines, report) = read(whole[..whole.len() / 2].to_vec());
        assert!(!lines.is_empty());
        assert!(report.ended.unwrap().contains("truncated"));
    }

    #[test]
    fn damaged_data_is_named() {
        let mut bytes = packed("abc\n".repeat(1000).as_bytes());
        let middle = bytes.len() / 2;
        bytes[middle..].fill(0x55);
        let (_, report) = read(bytes);
        assert!(report.ended.is_some());
    }

    #[test]
    fn a_bomb_of_one_line_takes_no_memory() {
        let (lines, report) = read(packed(&vec![b'a'; 50_000_000]));
        assert_eq!((lines.len(), report.cut), (1, 1));
        assert_eq!(report.gaps("x").len(), 1);
    }

    #[test]
    fn a_line_is_cut_between_characters() {
        let (_, report) = read(format!("a{}\n", "é".repeat(MAX_LINE)).into_bytes());
        assert_eq!((report.not_utf8, report.cut), (0, 1));
    }
}
