//! Timestamps as log lines write them, read without a regular expression.

/// A timestamp at a place of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Stamp {
    /// Where it ends.
    pub(crate) end: usize,
    /// Seconds since 1970 as if in UTC. A year that is not written counts as 1970, a day as the first: differences
    /// within one file stay right.
    pub(crate) seconds: f64,
    /// Written the way of syslog (`Nov 21 10:00:00`), where a host follows.
    pub(crate) syslog: bool,
    /// Nothing but a number of ten or more digits.
    pub(crate) epoch: bool,
}

const MONTHS: [&[u8]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// Whether three bytes are a weekday's or a month's English abbreviation.
pub(crate) fn is_day_or_month(word: &[u8]) -> bool {
    DAYS.contains(&word) || MONTHS.contains(&word)
}

/// A cursor over bytes; each reader leaves it where it was when it does not match.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    /// A number of `min` to `max` digits that no further digit follows.
    fn number(&mut self, min: usize, max: usize) -> Option<i64> {
        let rest = self.bytes.get(self.at..)?;
        let digits = rest.iter().take(max + 1).take_while(|byte| byte.is_ascii_digit()).count();
        if digits < min || digits > max {
            return None;
        }
        self.digits(digits)
    }

    /// Exactly `count` digits, whatever follows.
    fn digits(&mut self, count: usize) -> Option<i64> {
        let digits = self.bytes.get(self.at..self.at + count)?;
        let value = digits
            .iter()
            .try_fold(0_i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))?;
        self.at += count;
        Some(value)
    }

    fn one_of(&mut self, accepted: &[u8]) -> Option<u8> {
        let byte = self.peek();
        (byte != 0 && accepted.contains(&byte)).then(|| {
            self.at += 1;
            byte
        })
    }

    fn spaces(&mut self) -> bool {
        let from = self.at;
        while self.peek() == b' ' {
            self.at += 1;
        }
        self.at > from
    }

    fn name(&mut self, names: &[&[u8]]) -> Option<i64> {
        let word = self.bytes.get(self.at..self.at + 3)?;
        let index = names.iter().position(|name| *name == word)?;
        self.at += 3;
        Some(index as i64)
    }

    /// `10:00:00`, with a fraction, an offset, AM or PM; in seconds of the day.
    fn clock(&mut self) -> Option<f64> {
        let separator = if self.bytes.get(self.at + 2) == Some(&b'.') { b"." } else { b":" };
        let from = self.at;
        let clock = self.clock_with(separator);
        if clock.is_none() {
            self.at = from;
        }
        clock
    }

    fn clock_with(&mut self, separator: &[u8]) -> Option<f64> {
        let hour = self.number(1, 2)?;
        self.one_of(separator)?;
        let minute = self.number(2, 2)?;
        self.one_of(separator)?;
        let second = self.number(2, 2)?;
        if hour > 24 || minute > 59 || second > 60 {
            return None;
        }
        let mut seconds = (hour * 3600 + minute * 60 + second) as f64;
        if matches!(self.peek(), b'.' | b',' | b':') && self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
            let mut scale = 0.1;
            while self.peek().is_ascii_digit() {
                seconds += f64::from(self.peek() - b'0') * scale;
                scale /= 10.0;
                self.at += 1;
            }
        }
        self.offset(&mut seconds);
        Some(seconds)
    }

    fn offset(&mut self, seconds: &mut f64) {
        let from = self.at;
        if self.one_of(b"Zz").is_some() {
            if self.peek().is_ascii_alphanumeric() {
                self.at = from;
            }
            return;
        }
        let spaced = self.spaces();
        if let Some(sign) = self.one_of(b"+-") {
            let mut read = || {
                let hours = self.digits(2)?;
                let colon = self.one_of(b":").is_some();
                let minutes = if colon || self.peek().is_ascii_digit() { self.digits(2)? } else { 0 };
                (!self.peek().is_ascii_alphanumeric() && hours <= 14 && minutes < 60 && (!spaced || !colon))
                    .then_some(hours * 3600 + minutes * 60)
            };
            if let Some(offset) = read() {
                *seconds -= if sign == b'-' { -offset } else { offset } as f64;
                return;
            }
        } else if let Some(half @ (b"AM" | b"PM")) = self.bytes.get(self.at..self.at + 2) {
            if half == b"PM" && *seconds < 43_200.0 {
                *seconds += 43_200.0;
            }
            self.at += 2;
            return;
        }
        self.at = from;
    }

    /// A time after a date, behind `T`, a blank or what else stands between; the date alone is not enough.
    fn clock_after(&mut self, between: &[u8]) -> Option<f64> {
        self.one_of(between)?;
        self.spaces();
        self.clock()
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar (Howard Hinnant, `days_from_civil`).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn instant(year: i64, month: i64, day: i64, clock: f64) -> Option<f64> {
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then(|| days(year, month, day) as f64 * 86_400.0 + clock)
}

/// The timestamp that begins at `at`, if one does.
pub(crate) fn read(bytes: &[u8], at: usize) -> Option<Stamp> {
    let first = *bytes.get(at)?;
    let forms: &[fn(&mut Cursor<'_>) -> Option<f64>] = match first {
        b'0'..=b'9' => &[iso, compact, hdfs, short_date, day_month_name, clock_only],
        b'A'..=b'Z' => &[named],
        _ => return None,
    };
    for form in forms {
        let mut cursor = Cursor { bytes, at };
        if let Some(seconds) = form(&mut cursor)
            && !cursor.peek().is_ascii_alphanumeric()
        {
            let syslog = first.is_ascii_uppercase() && !DAYS.contains(&&bytes[at..at + 3]);
            return Some(Stamp { end: cursor.at, seconds, syslog, epoch: false });
        }
    }
    epoch(bytes, at)
}

/// `2026-11-21T10:00:00.123Z`, `2026/11/21 10:00:00`, `2005-06-03-15.42.50.675872`.
fn iso(cursor: &mut Cursor<'_>) -> Option<f64> {
    let year = cursor.number(4, 4)?;
    let separator = cursor.one_of(b"-/.")?;
    let month = cursor.number(1, 2)?;
    cursor.one_of(&[separator])?;
    let day = cursor.number(1, 2)?;
    let date = instant(year, month, day, 0.0)?;
    let date_ends = cursor.at;
    if let Some(clock) = cursor.clock_after(b"T _-:|") {
        return Some(date + clock);
    }
    cursor.at = date_ends;
    // The date alone, where no word is glued to it.
    matches!(cursor.peek(), 0 | b' ' | b',' | b']').then_some(date)
}

/// `20171223-22:15:29:606`, `20261121T100000Z`.
fn compact(cursor: &mut Cursor<'_>) -> Option<f64> {
    let (year, month, day) = (cursor.digits(4)?, cursor.digits(2)?, cursor.digits(2)?);
    if !(1970..2200).contains(&year) {
        return None;
    }
    let date = instant(year, month, day, 0.0)?;
    cursor.one_of(b"T -_")?;
    if let Some(clock) = cursor.clock() {
        return Some(date + clock);
    }
    clock_digits(cursor).map(|clock| date + clock)
}

fn clock_digits(cursor: &mut Cursor<'_>) -> Option<f64> {
    let (hour, minute, second) = (cursor.digits(2)?, cursor.digits(2)?, cursor.digits(2)?);
    cursor.one_of(b"Z");
    (hour < 25 && minute < 60 && second <= 60).then(|| (hour * 3600 + minute * 60 + second) as f64)
}

/// `081109 203615`.
fn hdfs(cursor: &mut Cursor<'_>) -> Option<f64> {
    let (year, month, day) = (cursor.digits(2)?, cursor.digits(2)?, cursor.digits(2)?);
    cursor.one_of(b" ")?;
    let clock = clock_digits(cursor)?;
    instant(2000 + year, month, day, clock)
}

/// `17/06/09 20:10:40`, `11/21/2026 10:00:00 AM`, `03-17 16:13:38.811`, `10.30 16:49:06`.
fn short_date(cursor: &mut Cursor<'_>) -> Option<f64> {
    let first = cursor.number(1, 2)?;
    let separator = cursor.one_of(b"/-.")?;
    let second = cursor.number(1, 2)?;
    let (year, month, day) = if cursor.one_of(&[separator]).is_some() {
        let third = cursor.number(2, 4)?;
        match third {
            1970.. if first > 12 => (third, second, first),
            1970.. => (third, first, second),
            _ => (2000 + first, second, third),
        }
    } else {
        (1970, first, second)
    };
    let clock = cursor.clock_after(b" T,:")?;
    instant(year, month, day, clock)
}

/// `21/Nov/2026:10:00:00 +0000`, `21 Nov 2026 10:00:00`.
fn day_month_name(cursor: &mut Cursor<'_>) -> Option<f64> {
    let day = cursor.number(1, 2)?;
    cursor.one_of(b"/ -")?;
    let month = cursor.name(&MONTHS)? + 1;
    cursor.one_of(b"/ -")?;
    let from = cursor.at;
    let year = cursor.number(4, 4);
    if year.is_some() {
        cursor.one_of(b": ")?;
    } else {
        cursor.at = from;
    }
    let clock = cursor.clock()?;
    instant(year.unwrap_or(1970), month, day, clock)
}

/// `Nov 21 10:00:00`, `Sun Dec 04 04:47:44 2005`, `Sat, 21 Nov 2026 10:00:00 GMT`.
fn named(cursor: &mut Cursor<'_>) -> Option<f64> {
    if cursor.name(&DAYS).is_some() {
        cursor.one_of(b",");
        if !cursor.spaces() {
            return None;
        }
        if cursor.peek().is_ascii_digit() {
            let seconds = day_month_name(cursor)?;
            zone(cursor);
            return Some(seconds);
        }
    }
    let month = cursor.name(&MONTHS)? + 1;
    if !cursor.spaces() {
        return None;
    }
    let day = cursor.number(1, 2)?;
    cursor.one_of(b",");
    if !cursor.spaces() {
        return None;
    }
    let before = cursor.at;
    let mut year = cursor.number(4, 4);
    if year.is_none() || !cursor.spaces() {
        year = None;
        cursor.at = before;
    }
    let clock = cursor.clock()?;
    if year.is_none() {
        let from = cursor.at;
        zone(cursor);
        year = cursor.spaces().then(|| cursor.number(4, 4)).flatten().filter(|year| (1970..2200).contains(year));
        if year.is_none() || cursor.peek() == b':' {
            cursor.at = from;
        }
    }
    instant(year.unwrap_or(1970), month, day, clock)
}

/// ` UTC`, ` EDT`.
fn zone(cursor: &mut Cursor<'_>) {
    let rest = &cursor.bytes[cursor.at..];
    let letters = rest.iter().skip(1).take_while(|byte| byte.is_ascii_uppercase()).count();
    let known = |word: &[u8]| matches!(word, b"UTC" | b"GMT") || word.ends_with(b"T");
    if rest.first() == Some(&b' ') && (3..=4).contains(&letters) && known(&rest[1..=letters]) {
        cursor.at += letters + 1;
    }
}

/// `10:00:00.123`.
fn clock_only(cursor: &mut Cursor<'_>) -> Option<f64> {
    cursor.clock_with(b":")
}

/// Seconds or milliseconds since 1970, from 2001 on.
fn epoch(bytes: &[u8], at: usize) -> Option<Stamp> {
    let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if !matches!(digits, 10 | 13) || bytes[at] != b'1' {
        return None;
    }
    let mut cursor = Cursor { bytes, at };
    let number = cursor.digits(digits)?;
    if cursor.peek() == b'.' && bytes.get(cursor.at + 1).is_some_and(u8::is_ascii_digit) {
        cursor.at += 1;
        while cursor.peek().is_ascii_digit() {
            cursor.at += 1;
        }
    }
    let seconds = if digits == 13 { number as f64 / 1e3 } else { number as f64 };
    (!cursor.peek().is_ascii_alphanumeric()).then_some(Stamp { end: cursor.at, seconds, syslog: false, epoch: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::rfc3339("2026-11-21T10:00:00.250Z rest", 24, 1_795_255_200.25)]
    #[case::offset("2026-11-21T10:00:00+01:00 rest", 25, 1_795_251_600.0)]
    #[case::comma("2026-11-21 10:00:00,000 INFO", 23, 1_795_255_200.0)]
    #[case::slashes("2026/11/21 10:00:00 rest", 19, 1_795_255_200.0)]
    #[case::dotted_clock("2026-11-21-10.00.00.000000 R02", 26, 1_795_255_200.0)]
    #[case::year_first("26/11/21 10:00:00 INFO", 17, 1_795_255_200.0)]
    #[case::american("11/21/2026 10:00:00 PM x", 22, 1_795_298_400.0)]
    #[case::access_log("21/Nov/2026:10:00:00 +0000] x", 26, 1_795_255_200.0)]
    #[case::digits_only("261121 100000 148 INFO", 13, 1_795_255_200.0)]
    #[case::compact("20261121-10:00:00:000|x", 21, 1_795_255_200.0)]
    #[case::named("Sat Nov 21 10:00:00 2026] x", 24, 1_795_255_200.0)]
    #[case::http("Sat, 21 Nov 2026 10:00:00 GMT x", 29, 1_795_255_200.0)]
    #[case::epoch("1795255200 node", 10, 1_795_255_200.0)]
    #[case::date_only("2026.11.21 node", 10, 1_795_219_200.0)]
    fn reads(#[case] text: &str, #[case] end: usize, #[case] seconds: f64) {
        let stamp = read(text.as_bytes(), 0).unwrap();
        assert_eq!((stamp.end, stamp.seconds), (end, seconds), "{text}");
    }

    #[rstest::rstest]
    #[case::syslog("Nov  1 10:00:00 host")]
    #[case::android("03-17 16:13:38.811  1702")]
    #[case::dotted("10.30 16:49:06] x")]
    fn reads_without_a_year(#[case] text: &str) {
        assert!(read(text.as_bytes(), 0).is_some(), "{text}");
    }

    #[rstest::rstest]
    #[case::address("10.0.0.1 is up")]
    #[case::port("10.0.0.1:8080")]
    #[case::word("Monitor started")]
    #[case::number("12345 files")]
    #[case::version("1.2.3 released")]
    #[case::impossible("2026-13-41 10:00:00")]
    fn leaves_alone(#[case] text: &str) {
        assert_eq!(read(text.as_bytes(), 0), None, "{text}");
    }
}
