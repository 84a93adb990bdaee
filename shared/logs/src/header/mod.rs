//! What stands before the message of a line: time, level, host, process, thread, logger. None of it tells one kind of
//! event from another, so none of it may reach the templates.

mod fields;

use fields::{bracketed, field, fields, glog, is_word, level_at, number, priority, skip_blank, skip_separators, tag};

use crate::level::Level;
use crate::timestamp::{self, Stamp};

/// How many blank-separated fields may stand before a timestamp.
const MAX_LEAD: usize = 6;
/// How much of a line is looked at for its header.
const MAX_HEADER: usize = 512;
/// How many of the first lines say how a file's headers look.
pub const SAMPLE_LINES: usize = 1000;

/// What the header of one line says.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Header {
    /// Seconds since 1970; see [`HeaderModel`] for what is assumed where a part is not written.
    pub seconds: Option<f64>,
    pub level: Option<Level>,
    /// Where the message begins.
    pub message_at: usize,
}

/// How the headers of one source look, as far as one line alone cannot tell.
///
/// The default needs no sample: it accepts a timestamp as the first or second field. What [`HeaderModel::learn`] adds are
/// columns: a timestamp in a later field, a level or a logger that stands in the same place of nearly all lines.
/// Times without a zone count as UTC and times without a year as 1970: within one source differences stay right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeaderModel {
    /// The field that holds the timestamp of nearly all lines.
    time_field: Option<usize>,
    /// How many fields after the time stand before the level, in nearly all lines.
    level_field: Option<usize>,
    /// Nearly all messages begin with a word and a colon, of which there are few.
    tagged: bool,
}

impl HeaderModel {
    /// Looks at the first [`SAMPLE_LINES`] lines for columns that nearly all of them share.
    pub fn learn<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let lines: Vec<&[u8]> =
            lines.into_iter().filter(|line| !line.trim().is_empty()).take(SAMPLE_LINES).map(str::as_bytes).collect();
        let most = |count: usize| lines.len() >= 8 && count * 10 >= lines.len() * 8;
        let mut stamped = [0_usize; MAX_LEAD];
        for line in &lines {
            for (field, at) in fields(line, 0).take(MAX_LEAD).enumerate() {
                stamped[field] += usize::from(timestamp::read(line, at).is_some());
            }
        }
        let mut model = Self { time_field: stamped.iter().position(|&count| most(count)), ..Self::default() };
        if model.time_field.is_none() {
            return model;
        }
        let mut levels = [0_usize; 5];
        for line in &lines {
            let Some((_, after)) = model.time(line) else { continue };
            for (field, at) in fields(line, after).take(levels.len()).enumerate() {
                levels[field] += usize::from(level_at(line, at).is_some());
            }
        }
        model.level_field = levels.iter().position(|&count| most(count));
        let tagged = lines.iter().filter(|line| {
            let at = model.split_bytes(line).message_at;
            tag(line, at).is_some()
        });
        model.tagged = most(tagged.count());
        model
    }

    /// Finds the header of one line.
    pub fn split(&self, line: &str) -> Header {
        let mut header = self.split_bytes(line.as_bytes());
        // Headers are ASCII; a line that is not may end one inside a character.
        while !line.is_char_boundary(header.message_at) {
            header.message_at += 1;
        }
        header
    }

    fn split_bytes(&self, line: &[u8]) -> Header {
        let head = &line[..line.len().min(MAX_HEADER)];
        let mut header = Header::default();
        let mut at = skip_blank(head, 0);
        if let Some(after) = priority(head, at) {
            at = after;
        }
        let mut syslog = false;
        if let Some((stamp, after)) = glog(head, at).or_else(|| self.time(head)) {
            header.seconds = Some(stamp.seconds);
            syslog = stamp.syslog;
            at = after;
        } else if let Some((level, after)) = level_at(head, at) {
            // Without a time a level must be marked as one: `ERROR: x`, `[error] x`, `ERROR x` in capitals.
            let marked =
                matches!(head[at], b'[' | b'<') || head[at..after].iter().all(|byte| !byte.is_ascii_lowercase());
            let colon = head.get(after) == Some(&b':');
            if !marked && !colon {
                return Header { message_at: at, ..header };
            }
            header.level = Some(level);
            at = after;
        } else {
            return Header { message_at: at, ..header };
        }
        header.message_at = self.rest(head, at, syslog, &mut header);
        header
    }

    /// The timestamp of the line and where the rest begins.
    fn time(&self, line: &[u8]) -> Option<(Stamp, usize)> {
        let allowed = self.time_field.unwrap_or(1);
        for (field, at) in fields(line, 0).take(allowed + 1).enumerate() {
            let Some(stamp) = timestamp::read(line, at) else { continue };
            let certain = Some(field) == self.time_field || (!stamp.epoch && (field == 0 || !is_word(line, 0)));
            if certain {
                return Some(Self::later_time(line, stamp));
            }
        }
        None
    }

    /// Some formats write the time twice; what stands between is header too.
    fn later_time(line: &[u8], first: Stamp) -> (Stamp, usize) {
        let mut last = first;
        let mut searching = true;
        while searching {
            searching = false;
            for at in fields(line, last.end).take(2) {
                if let Some(stamp) = timestamp::read(line, at) {
                    last = Stamp { seconds: if first.epoch { first.seconds } else { stamp.seconds }, ..stamp };
                    searching = true;
                    break;
                }
            }
        }
        (last, last.end)
    }

    /// Everything between the time and the message.
    fn rest(&self, line: &[u8], mut at: usize, syslog: bool, header: &mut Header) -> usize {
        at = skip_separators(line, at);
        if line.get(at.wrapping_sub(1)) == Some(&b'|') {
            return Self::piped(line, at, header);
        }
        if syslog {
            return Self::syslog(line, at, header);
        }
        if let Some(field) = self.level_field
            && header.level.is_none()
            && let Some(place) = fields(line, at).nth(field)
            && let Some((level, after)) = level_at(line, place)
        {
            header.level = Some(level);
            at = skip_separators(line, after);
        }
        // Each kind at most as often as loggers write it.
        let (mut numbers, mut brackets) = (0, 0);
        loop {
            at = skip_separators(line, at);
            if numbers < 2
                && let Some(after) = number(line, at)
            {
                (numbers, at) = (numbers + 1, after);
            } else if header.level.is_none()
                && let Some((level, after)) = level_at(line, at).or_else(|| Self::level_ahead(line, at))
            {
                header.level = Some(level);
                at = after;
            } else if brackets < 2
                && let Some(after) = bracketed(line, at)
            {
                (brackets, at) = (brackets + 1, after);
            } else {
                break;
            }
        }
        self.logger(line, at, header)
    }

    /// A level a few fields on, where all before it looks like columns: `R02-M1 RAS KERNEL INFO`.
    fn level_ahead(line: &[u8], at: usize) -> Option<(Level, usize)> {
        for place in fields(line, at).take(4) {
            if let Some((level, after)) = level_at(line, place)
                && line[place..after].iter().all(|byte| !byte.is_ascii_lowercase())
            {
                return Some((level, after));
            }
            let word = field(line, place);
            if word.iter().any(u8::is_ascii_lowercase) && !word.iter().any(u8::is_ascii_digit) {
                return None;
            }
        }
        None
    }

    /// `a.b.Logger:`, `Logger:12 -`, `a.b.logger [context]`, and columns padded with blanks.
    fn logger(&self, line: &[u8], at: usize, header: &Header) -> usize {
        if let Some(after) = tag(line, at)
            && (self.tagged || header.level.is_some())
        {
            return skip_separators(line, after);
        }
        let word = field(line, at);
        let after = at + word.len();
        let dotted = word.split(|&byte| byte == b'.').count() >= 3
            && word.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$' | b'-'))
            && word.iter().any(u8::is_ascii_alphabetic);
        if header.level.is_some() && dotted {
            let next = skip_separators(line, after);
            return bracketed(line, next).map_or(next, |end| skip_separators(line, end));
        }
        let dashed = line.get(after..after + 3) == Some(b" - ") && header.level.is_some() && !word.is_empty();
        if dashed {
            return after + 3;
        }
        let padded = line.get(after..after + 3) == Some(b"   ")
            && header.level.is_some()
            && word.len() <= 16
            && word.iter().all(u8::is_ascii_alphanumeric);
        if padded { skip_blank(line, after) } else { at }
    }

    /// `time|component|pid|message`.
    fn piped(line: &[u8], mut at: usize, header: &mut Header) -> usize {
        for _ in 0..6 {
            let Some(length) = line[at..].iter().take(40).position(|&byte| byte == b'|') else { break };
            let text = &line[at..at + length];
            if text.trim_ascii().contains(&b' ') {
                break;
            }
            if header.level.is_none() {
                header.level = std::str::from_utf8(text.trim_ascii()).ok().and_then(Level::parse);
            }
            at = skip_blank(line, at + length + 1);
        }
        at
    }

    /// `host process[pid]: message`, where the host or the process may be missing.
    fn syslog(line: &[u8], at: usize, header: &mut Header) -> usize {
        let host = field(line, at);
        if host.ends_with(b":") || host.starts_with(b"---") {
            return tag(line, at).map_or(at, |after| skip_separators(line, after));
        }
        let mut next = skip_blank(line, at + host.len());
        while line.get(next) == Some(&b'-') {
            next = skip_blank(line, next + 1);
        }
        // The name of a process may have blanks: `Google Chrome[123]:`.
        for place in fields(line, next).take(3) {
            let word = field(line, place);
            let end = place + word.len();
            if word.ends_with(b"]:") || (place == next && word.ends_with(b":")) {
                let at = skip_blank(line, end);
                if let Some((level, after)) = level_at(line, at)
                    && line.get(after) == Some(&b':')
                {
                    header.level = Some(level);
                }
                return at;
            }
            let followed = skip_blank(line, end);
            if word.ends_with(b"]") && line.get(followed) == Some(&b'(') {
                let detail = field(line, followed);
                if detail.ends_with(b"):") {
                    return skip_blank(line, followed + detail.len());
                }
            }
            if !word.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')) {
                break;
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(line: &str) -> &str {
        &line[HeaderModel::default().split(line).message_at..]
    }

    #[rstest::rstest]
    #[case::log4j("2026-11-21 10:00:00,123 INFO [main] org.example.app.Server: Started in 3 ms", "Started in 3 ms")]
    #[case::short_log4j("26/11/21 10:00:00 WARN storage.BlockManager: Block lost", "Block lost")]
    #[case::digits("261121 100000 148 INFO dfs.DataNode$Responder: Received block", "Received block")]
    #[case::dashes("2026-11-21 10:00:00,123 - WARN  [Worker[id=1]/0:0:0:0:2181:Queue@354] - Timed out", "Timed out")]
    #[case::syslog("Nov  1 06:55:46 web-1 sshd[24200]: Invalid user", "Invalid user")]
    #[case::syslog_without_pid("Nov  1 06:55:46 web-1 kernel: oops", "oops")]
    #[case::process_with_blank("Nov  1 06:55:46 mac Some Browser[35]: hello", "hello")]
    #[case::apache("[Sat Nov 21 10:00:00 2026] [error] child died", "child died")]
    #[case::logcat("11-21 10:00:00.811  1702  2395 D WindowManager: relayout", "relayout")]
    #[case::pipes("20261121-10:00:00:606|Step_Core|30002312|onChanged 3579", "onChanged 3579")]
    #[case::python("2026-11-21 10:00:00.008 25746 INFO nova.api.wsgi [req-1 - - -] 10.0.0.1 GET", "10.0.0.1 GET")]
    #[case::glog("I1121 10:00:00.123456    1234 file.go:12] synced", "synced")]
    #[case::priority("<134>1 2026-11-21T10:00:00Z boot", "boot")]
    #[case::bare_level("ERROR: out of paper", "out of paper")]
    #[case::padded("2026-11-21 10:00:00, Info                  SVC    Loaded stack", "Loaded stack")]
    #[case::rfc3339("2026-11-21T10:00:00Z ERROR boom", "boom")]
    #[case::content("Error while reading block 7", "Error while reading block 7")]
    #[case::content_with_time("Server started at 2026-11-21 10:00:00", "Server started at 2026-11-21 10:00:00")]
    #[case::empty("", "")]
    fn strips(#[case] line: &str, #[case] expected: &str) {
        assert_eq!(message(line), expected);
    }

    #[test]
    fn learns_where_the_columns_are() {
        let lines: Vec<String> =
            (0..50).map(|n| format!("{n} node-{n} unix.hw state 10777{n:05} 1 Fan {n} failed")).collect();
        let model = HeaderModel::learn(lines.iter().map(String::as_str));
        assert_eq!(&lines[7][model.split(&lines[7]).message_at..], "Fan 7 failed");
    }

    #[test]
    fn a_second_time_and_the_columns_up_to_the_level_are_header() {
        let lines: Vec<String> = (0..50)
            .map(|n| format!("- 11178385{n:02} 2005.06.03 R02-M{n} 2005-06-03-15.42.{n:02}.675872 R02-M{n}:J12 RAS KERNEL INFO cache {n} corrected"))
            .collect();
        let model = HeaderModel::learn(lines.iter().map(String::as_str));
        let header = model.split(&lines[7]);
        assert_eq!((&lines[7][header.message_at..], header.level), ("cache 7 corrected", Some(Level::Info)));
    }
}
