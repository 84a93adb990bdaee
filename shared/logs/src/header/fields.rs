//! Fields of a line, and the forms that loggers give to times, levels, numbers and names.

use crate::level::Level;
use crate::timestamp::{self, Stamp};

/// Where the blank-separated fields of a line begin. An opening bracket or quote is not part of the field.
pub(super) fn fields(line: &[u8], from: usize) -> impl Iterator<Item = usize> + '_ {
    let mut at = from;
    std::iter::from_fn(move || {
        at = skip_blank(line, at);
        let begins = at + usize::from(matches!(line.get(at), Some(b'[' | b'(' | b'"')));
        if begins >= line.len() {
            return None;
        }
        while line.get(at).is_some_and(|byte| !matches!(byte, b' ' | b'\t')) {
            at += 1;
        }
        Some(begins)
    })
}

pub(super) fn field(line: &[u8], at: usize) -> &[u8] {
    let rest = line.get(at..).unwrap_or_default();
    &rest[..rest.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(rest.len())]
}

pub(super) fn is_word(line: &[u8], at: usize) -> bool {
    let word = field(line, skip_blank(line, at));
    word.iter().all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b':' | b','))
}

pub(super) fn skip_blank(line: &[u8], mut at: usize) -> usize {
    while matches!(line.get(at), Some(b' ' | b'\t' | b'\r')) {
        at += 1;
    }
    at
}

/// Blanks and what loggers put between columns. A dash counts only alone, or it is a sign.
pub(super) fn skip_separators(line: &[u8], mut at: usize) -> usize {
    loop {
        match line.get(at) {
            Some(b' ' | b'\t' | b'|' | b',' | b']' | b':' | b';' | b'>') => at += 1,
            Some(b'-') if matches!(line.get(at + 1), Some(b' ') | None) => at += 1,
            _ => return at,
        }
    }
}

/// `<134>` and RFC 5424's `<134>1 `.
pub(super) fn priority(line: &[u8], at: usize) -> Option<usize> {
    if line.get(at) != Some(&b'<') {
        return None;
    }
    let digits = line[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let end = at + 1 + digits;
    ((1..=3).contains(&digits) && line.get(end) == Some(&b'>')).then(|| {
        let versioned = line.get(end + 1..end + 3) == Some(b"1 ");
        end + if versioned { 3 } else { 1 }
    })
}

/// `I1121 10:00:00.123456 1234 file.go:12] message`: the level is the first letter.
pub(super) fn glog(line: &[u8], at: usize) -> Option<(Stamp, usize)> {
    let letter = *line.get(at)?;
    let digits = line.get(at + 1..at + 5)?;
    if !matches!(letter, b'I' | b'W' | b'E' | b'F' | b'D') || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let stamp = timestamp::read(line, skip_blank(line, at + 5))?;
    let rest = line.get(stamp.end..(stamp.end + 80).min(line.len()))?;
    let bracket = rest.iter().position(|&byte| byte == b']')?;
    Some((stamp, stamp.end + bracket + 1))
}

/// A level, bare, in brackets, or as Android's single letter.
pub(super) fn level_at(line: &[u8], at: usize) -> Option<(Level, usize)> {
    let open = matches!(line.get(at), Some(b'[' | b'<' | b'('));
    let from = skip_blank(line, at + usize::from(open));
    let rest = line.get(from..)?;
    let letters = rest.iter().take(14).take_while(|byte| byte.is_ascii_alphabetic()).count();
    let mut end = from + letters;
    let closes =
        |at: usize| matches!(line.get(at), None | Some(b' ' | b'\t' | b':' | b']' | b'>' | b')' | b'|' | b','));
    if !closes(end) {
        return None;
    }
    let level = match &rest[..letters] {
        b"V" => Level::Trace,
        b"D" => Level::Debug,
        b"I" => Level::Info,
        b"W" => Level::Warn,
        b"E" => Level::Error,
        b"F" => Level::Fatal,
        word => std::str::from_utf8(word).ok().and_then(Level::parse)?,
    };
    if open {
        end = skip_blank(line, end);
        end += usize::from(matches!(line.get(end), Some(b']' | b'>' | b')')));
    }
    Some((level, end))
}

/// A process or thread number on its own.
pub(super) fn number(line: &[u8], at: usize) -> Option<usize> {
    let digits = line.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let end = at + digits;
    (digits > 0 && matches!(line.get(end), Some(b' ' | b'\t'))).then_some(end)
}

/// `[thread]`, balanced.
pub(super) fn bracketed(line: &[u8], at: usize) -> Option<usize> {
    if line.get(at) != Some(&b'[') {
        return None;
    }
    let mut depth = 0;
    for (offset, byte) in line[at..].iter().take(200).enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + offset + 1);
        }
    }
    None
}

/// A word that a colon and a blank end: `dfs.DataNode$PacketResponder: `, `sshd[24200]: `.
pub(super) fn tag(line: &[u8], at: usize) -> Option<usize> {
    let word = field(line, at);
    let name = word.strip_suffix(b":")?;
    let plain = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'_' | b'$' | b'-' | b'[' | b']' | b'(' | b')' | b'/' | b':' | b'@')
    };
    (name.first().is_some_and(u8::is_ascii_alphabetic) && name.iter().all(plain)).then_some(at + word.len())
}
