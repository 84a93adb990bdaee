//! Lines to events: a stack trace is one event, not forty.

use crate::header::HeaderModel;

/// Lines of one event that are kept; what follows belongs to it and is dropped.
const MAX_LINES: usize = 500;
/// Bytes of one event that are kept.
const MAX_BYTES: usize = 64 * 1024;

/// One thing that was logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The number of its first line, from 1.
    pub line: u64,
    /// How many lines it has.
    pub lines: u64,
    /// Its lines, cut to 64 KiB.
    pub text: String,
}

/// Joins lines into events, one at a time.
#[derive(Debug)]
pub struct Joiner {
    headers: HeaderModel,
    line: u64,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    event: Event,
    stamped: bool,
    python: bool,
    indented: bool,
}

impl Joiner {
    pub fn new(headers: HeaderModel) -> Self {
        Self { headers, line: 0, open: None }
    }

    /// Takes the next line; gives the event before it if this line begins another. Empty lines belong to no event.
    pub fn push(&mut self, line: &str) -> Option<Event> {
        self.line += 1;
        let text = line.trim_end();
        if text.is_empty() {
            return None;
        }
        if let Some(open) = &mut self.open
            && continues(text, open, &self.headers)
        {
            open.python |= text.trim_start().starts_with("Traceback (most recent call last)");
            open.indented = text.starts_with([' ', '\t']);
            open.event.lines += 1;
            if open.event.lines as usize <= MAX_LINES && open.event.text.len() + text.len() < MAX_BYTES {
                open.event.text.push('\n');
                open.event.text.push_str(text);
            }
            return None;
        }
        let mut cut = text.len().min(MAX_BYTES);
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        let next = Open {
            event: Event { line: self.line, lines: 1, text: text[..cut].to_owned() },
            stamped: self.headers.split(&text[..cut.min(text.len())]).seconds.is_some(),
            python: text.starts_with("Traceback (most recent call last)"),
            indented: false,
        };
        self.open.replace(next).map(|open| open.event)
    }

    /// The last event.
    pub fn finish(&mut self) -> Option<Event> {
        self.open.take().map(|open| open.event)
    }
}

/// All events of `lines`.
pub fn events<'a>(lines: impl IntoIterator<Item = &'a str>, headers: HeaderModel) -> Vec<Event> {
    let mut joiner = Joiner::new(headers);
    let mut events: Vec<Event> = lines.into_iter().filter_map(|line| joiner.push(line)).collect();
    events.extend(joiner.finish());
    events
}

/// Whether `line` goes on with what is open.
fn continues(line: &str, open: &Open, headers: &HeaderModel) -> bool {
    let text = line.trim_start();
    if text.len() < line.len() {
        // Indented, unless it is a line of its own that happens to be: with a time in it.
        return headers.split(line).seconds.is_none();
    }
    let traced =
        ["Caused by:", "Suppressed:", "Traceback (most recent call last)", "During handling of the above", "... "]
            .iter()
            .any(|start| text.starts_with(start));
    if traced {
        return true;
    }
    // Python's last line, or an exception's first below the line that logged it.
    let names_error = || {
        let word = text.split([':', ' ']).next().unwrap_or_default();
        let name = word.rsplit('.').next().unwrap_or(word);
        word.len() < text.len() + 1
            && ["Exception", "Error", "Interrupt"].iter().any(|end| name.ends_with(end))
            && name.len() > 5
            && !word.contains(['[', '='])
    };
    (open.python && open.indented || open.stamped) && names_error() && headers.split(line).seconds.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> Vec<(u64, u64)> {
        events(text.lines(), HeaderModel::default()).iter().map(|event| (event.line, event.lines)).collect()
    }

    #[rstest::rstest]
    #[case::java("2026-11-21 10:00:00 ERROR boom\njava.io.IOException: gone\n\tat a.b.C.d(C.java:1)\nCaused by: x.Y\n\t... 3 more\n2026-11-21 10:00:01 INFO on", &[(1, 5), (6, 1)])]
    #[case::python("Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    g()\nValueError: no\nnext", &[(1, 4), (5, 1)])]
    #[case::plain("one\ntwo\n\nthree", &[(1, 1), (2, 1), (4, 1)])]
    #[case::indented_lines_with_times("2026-11-21 10:00:00 a\n  2026-11-21 10:00:01 b", &[(1, 1), (2, 1)])]
    #[case::nothing("\n\n  \n", &[])]
    fn joins(#[case] text: &str, #[case] expected: &[(u64, u64)]) {
        assert_eq!(joined(text), expected);
    }

    #[test]
    fn an_endless_event_is_counted_and_cut() {
        let text = format!("boom\n{}", "\tat x.y.Z\n".repeat(100_000));
        let events = events(text.lines(), HeaderModel::default());
        assert_eq!((events.len(), events[0].lines), (1, 100_001));
        assert!(events[0].text.len() <= MAX_BYTES);
    }
}
