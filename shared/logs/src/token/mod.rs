//! One pass over a message: words, and places where something varies. No regular expressions: this runs on every line.

mod names;

use names::{is_name, is_nothing, is_unit};

use crate::timestamp;

/// Only this much of a message tells what kind it is.
pub(crate) const MAX_BYTES: usize = 4096;
/// Tokens after this many are not looked at.
const MAX_TOKENS: usize = 128;
/// The longest quoted text that counts as one value.
const MAX_QUOTED: usize = 400;

/// A word or a variable part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The word's hash, or [`VARIABLE`].
    pub(crate) hash: u64,
}

/// The hash of every variable part.
pub(crate) const VARIABLE: u64 = 0;

impl Token {
    pub(crate) fn is_variable(&self) -> bool {
        self.hash == VARIABLE
    }

    pub(crate) fn text<'a>(&self, message: &'a [u8]) -> &'a [u8] {
        &message[self.start as usize..self.end as usize]
    }
}

const DIGIT: u8 = 1;
const HEX: u8 = 2;
const LETTER: u8 = 4;
const DOT: u8 = 8;
const SLASH: u8 = 16;
const AT: u8 = 32;
/// Other bytes that may stand inside a word.
const INNER: u8 = 64;
const BACKSLASH: u8 = 128;

/// What a byte is; 0 separates.
const CLASS: [u8; 256] = {
    let mut table = [0_u8; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' | b'A'..=b'F' => HEX,
            b'g'..=b'z' | b'G'..=b'Z' | 0x80..=0xff => LETTER,
            b'.' => DOT,
            b'/' => SLASH,
            b'\\' => BACKSLASH,
            b'@' => AT,
            b'_' | b'-' | b'*' | b'#' | b'$' | b'%' | b'+' | b'~' | b'&' | b'\'' => INNER,
            _ => 0,
        };
        byte += 1;
    }
    table
};

/// Splits `message` into `tokens`. Neighbouring variables with nothing but punctuation between them are one: a list of
/// three addresses is the same kind of thing as a list of four.
pub(crate) fn scan(message: &[u8], tokens: &mut Vec<Token>) {
    tokens.clear();
    let message = &message[..message.len().min(MAX_BYTES)];
    let mut scanner = Scanner { message, tokens, at: 0, value: Value::No };
    while scanner.at < message.len() && scanner.tokens.len() < MAX_TOKENS {
        scanner.step();
    }
    if scanner.value == Value::Next && !scanner.tokens.is_empty() {
        scanner.variable(message.len(), message.len());
    }
}

/// Whether what comes next is the value of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    No,
    /// After `=`: the next word is a value, unless it is a key itself.
    Next,
    /// Inside a value, up to a blank or a comma.
    Inside,
}

struct Scanner<'a> {
    message: &'a [u8],
    tokens: &'a mut Vec<Token>,
    at: usize,
    value: Value,
}

impl Scanner<'_> {
    fn byte(&self, at: usize) -> u8 {
        self.message.get(at).copied().unwrap_or(b' ')
    }

    fn step(&mut self) {
        let byte = self.message[self.at];
        if CLASS[byte as usize] != 0 && !(byte == b'\'' && self.quote(b'\'')) {
            return self.word();
        }
        match byte {
            b'=' => self.equals(),
            b'"' if self.quote(b'"') => {}
            b'`' if self.quote(b'`') => {}
            b' ' | b'\t' => {
                if self.value == Value::Inside {
                    self.value = Value::No;
                }
                self.at += 1;
            }
            b',' | b';' | b')' | b']' | b'}' => {
                if self.value == Value::Next {
                    self.variable(self.at, self.at);
                }
                self.value = Value::No;
                self.at += 1;
            }
            b'[' | b'{' | b'(' if self.value == Value::Next && self.byte(self.at - 1) == b'=' => self.group(byte),
            _ => self.at += 1,
        }
    }

    /// `key=`, `key = `; but not `==`, and not `=====`.
    fn equals(&mut self) {
        let run = self.message[self.at..].iter().take_while(|&&byte| byte == b'=').count();
        let compared = self.at > 0 && matches!(self.byte(self.at - 1), b'<' | b'>' | b'!');
        if run == 1 && !compared && !self.tokens.is_empty() {
            if self.value == Value::Next {
                self.variable(self.at, self.at);
            }
            self.value = if self.value == Value::Inside { Value::Inside } else { Value::Next };
        }
        self.at += run;
    }

    /// `=[a b]`, `={…}`, `=(…)`: one value up to the closing bracket.
    fn group(&mut self, open: u8) {
        let close = match open {
            b'[' => b']',
            b'{' => b'}',
            _ => b')',
        };
        let mut depth = 0;
        for (offset, &byte) in self.message[self.at..].iter().take(MAX_QUOTED).enumerate() {
            depth += i32::from(byte == open) - i32::from(byte == close);
            if depth == 0 {
                let end = self.at + offset + 1;
                self.variable(self.at, end);
                self.at = end;
                self.value = Value::Inside;
                return;
            }
        }
        self.at += 1;
    }

    /// A quoted text is a value. Of an HTTP request line the method stays.
    fn quote(&mut self, mark: u8) -> bool {
        let opens = self.at == 0
            || matches!(self.byte(self.at - 1), b' ' | b'(' | b'[' | b'{' | b'=' | b':' | b',' | b'<' | b'\t');
        if !opens {
            return false;
        }
        let rest = &self.message[self.at + 1..self.message.len().min(self.at + 1 + MAX_QUOTED)];
        let closing = |(offset, &byte): (usize, &u8)| {
            let closes = byte == mark || (mark == b'`' && byte == b'\'');
            let escaped = offset > 0 && rest[offset - 1] == b'\\';
            let ends = mark == b'"' || !self.byte(self.at + 2 + offset).is_ascii_alphanumeric();
            closes && !escaped && ends
        };
        let Some(length) = rest.iter().enumerate().position(closing) else { return false };
        let (from, end) = (self.at + 1, self.at + 1 + length);
        let inside = &self.message[from..end];
        let method =
            METHODS.iter().find(|method| inside.starts_with(method) && inside.get(method.len()) == Some(&b' '));
        if let Some(method) = method {
            self.push(from, from + method.len());
            self.variable(from + method.len() + 1, end);
        } else {
            self.variable(from, end);
        }
        self.at = end + 1;
        self.value = if self.value == Value::No { Value::No } else { Value::Inside };
        true
    }

    fn word(&mut self) {
        let begin = self.at;
        let (mut at, mut flags) = (begin, 0_u8);
        while let Some(&byte) = self.message.get(at) {
            let class = CLASS[byte as usize];
            if class == 0 || (byte == b'.' && self.byte(at + 1) == b'.') {
                break;
            }
            flags |= class;
            at += 1;
        }
        if at == begin {
            // Two dots: neither is part of a word.
            self.at += 1;
            return;
        }
        // `C:\Windows`, `http://host`: a colon inside a path is part of it.
        if self.byte(at) == b':' {
            let next = self.byte(at + 1);
            let drive = at == begin + 1 && (next == b'\\' || (next == b'/' && self.byte(at + 2) != b'/'));
            let url = next == b'/' && self.byte(at + 2) == b'/';
            if drive || url {
                while !matches!(self.byte(at), b' ' | b'\t' | b'"' | b'\'' | b'<' | b'>' | b')' | b']' | b'}')
                    && at < self.message.len()
                {
                    at += 1;
                }
                while at > begin && matches!(self.byte(at - 1), b',' | b';' | b':' | b'.') {
                    at -= 1;
                }
                self.at = at;
                self.variable(begin, at);
                self.value = self.inside_if_value();
                return;
            }
        }
        self.at = at;
        let (mut start, mut end) = (begin, at);
        while end > start && TRIMMED.contains(&self.message[end - 1]) {
            end -= 1;
        }
        while start < end && matches!(self.message[start], b'-' | b'*' | b'\'' | b'#' | b'~' | b'&' | b'+' | b'.') {
            start += 1;
        }
        if start == end {
            return;
        }
        let value = match self.value {
            Value::No => false,
            Value::Inside => true,
            // `logname= uid=0`: the next key, not this key's value.
            Value::Next => {
                let key = self.byte(at) == b'=' && self.byte(begin - 1) == b' ';
                if key {
                    self.variable(begin, begin);
                    self.value = Value::No;
                }
                !key
            }
        };
        if value {
            self.value = Value::Inside;
            return self.variable(start, end);
        }
        self.plain(start, end, flags);
    }

    fn inside_if_value(&self) -> Value {
        if self.value == Value::No { Value::No } else { Value::Inside }
    }

    fn plain(&mut self, start: usize, end: usize, flags: u8) {
        let word = &self.message[start..end];
        if flags & DIGIT != 0 && word.iter().any(u8::is_ascii_digit) {
            return self.variable(start, end);
        }
        let glued =
            self.tokens.last().filter(|last| last.is_variable()).map(|last| &self.message[last.end as usize..start]);
        // `384.0 B`, `18 ms`: the unit belongs to the number.
        if glued == Some(b" ") && word.len() <= 7 && is_unit(word) {
            let last = self.tokens[self.tokens.len() - 1];
            if self.message[last.end as usize - 1].is_ascii_digit() {
                return self.variable(start, end);
            }
        }
        // `00:11:ab:e3`: letters of an address.
        if flags & !(HEX | INNER) == 0 && word.iter().all(u8::is_ascii_hexdigit) {
            let after = self.byte(end) == b':' && word.len() <= 4 && self.byte(end + 1).is_ascii_hexdigit();
            if word.len() >= 7 || (word.len() <= 4 && glued == Some(b":")) || (after && word.len() == 2) {
                return self.variable(start, end);
            }
        }
        if flags & (SLASH | BACKSLASH | AT | DOT) != 0 && is_name(word) {
            return self.variable(start, end);
        }
        if word.len() <= 5 && (is_nothing(word) || self.is_date_word(word, end)) {
            return self.variable(start, end);
        }
        self.push(start, end);
    }

    /// `Sat Jun 18`.
    fn is_date_word(&self, word: &[u8], end: usize) -> bool {
        if word.len() != 3 || !timestamp::is_day_or_month(word) {
            return false;
        }
        let rest = &self.message[end..self.message.len().min(end + 8)];
        let next = rest.iter().position(|byte| !matches!(byte, b' ' | b',' | b'/')).unwrap_or(0);
        let digits = rest.get(next).is_some_and(u8::is_ascii_digit);
        next > 0 && (digits || rest.get(next..next + 3).is_some_and(timestamp::is_day_or_month))
    }

    fn push(&mut self, start: usize, end: usize) {
        let hash = hash(&self.message[start..end]);
        self.tokens.push(Token { start: start as u32, end: end as u32, hash });
    }

    fn variable(&mut self, start: usize, end: usize) {
        if let Some(last) = self.tokens.last_mut()
            && last.is_variable()
        {
            last.end = end.max(last.end as usize) as u32;
            return;
        }
        self.tokens.push(Token { start: start as u32, end: end as u32, hash: VARIABLE });
    }
}

const TRIMMED: &[u8] = b".-*'#~&+";

const METHODS: [&[u8]; 7] = [b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"PATCH", b"OPTIONS"];

/// A multiply-and-rotate hash over eight bytes at a time (the scheme of rustc's `FxHash`, folded like wyhash); never
/// [`VARIABLE`]. Who crafts collisions puts messages of his own into one template, and no more.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut state = bytes.len() as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let mut eight = [0_u8; 8];
        eight.copy_from_slice(chunk);
        state = mix(state, u64::from_le_bytes(eight));
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let mut eight = [0_u8; 8];
        eight[..rest.len()].copy_from_slice(rest);
        state = mix(state, u64::from_le_bytes(eight));
    }
    state.max(1)
}

/// Adds one value to a hash.
pub(crate) fn mix(state: u64, value: u64) -> u64 {
    let product = u128::from(state ^ value ^ 0xe703_7ed1_a0b4_28db) * 0xa076_1d64_78bd_642f_u128;
    (product as u64) ^ ((product >> 64) as u64)
}
