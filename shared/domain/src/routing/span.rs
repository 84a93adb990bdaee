//! A length of time as people write it: `30s`, `5m`, `1h30m`, `7d`, `2w`, or `never`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Units from longest to shortest, in seconds.
const UNITS: [(char, i64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];
/// Ten years: longer is a slip of the hand, and `never` says "for ever".
const LONGEST: i64 = 10 * 365 * 86_400;

/// Zero to ten years in whole seconds, or for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Span {
    Seconds(i64),
    Never,
}

impl Span {
    pub const ZERO: Self = Self::Seconds(0);

    pub const fn minutes(count: i64) -> Self {
        Self::Seconds(count * 60)
    }

    /// `None` for [`Span::Never`].
    pub fn duration(self) -> Option<SignedDuration> {
        match self {
            Self::Seconds(seconds) => Some(SignedDuration::from_secs(seconds)),
            Self::Never => None,
        }
    }

    /// The instant this long after `at`; `None` if it never comes.
    pub fn after(self, at: Timestamp) -> Option<Timestamp> {
        at.checked_add(self.duration()?).ok()
    }
}

/// The text is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no length of time: write 30s, 5m, 1h30m, 7d or 2w (ten years at most), or never")]
pub struct NotASpan(String);

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || NotASpan(text.to_owned());
        if text == "never" {
            return Ok(Self::Never);
        }
        let (mut total, mut digits, mut longest_unit) = (0_i64, String::new(), usize::MAX);
        for c in text.chars() {
            if c.is_ascii_digit() {
                digits.push(c);
                continue;
            }
            let place = UNITS.iter().position(|(unit, _)| *unit == c).ok_or_else(error)?;
            // Each unit once, from the longest to the shortest, as Prometheus has it.
            if longest_unit != usize::MAX && place <= longest_unit {
                return Err(error());
            }
            longest_unit = place;
            let count: i64 = digits.parse().map_err(|_| error())?;
            let seconds = UNITS.get(place).map_or(0, |(_, seconds)| *seconds);
            total = count.checked_mul(seconds).and_then(|part| total.checked_add(part)).ok_or_else(error)?;
            digits.clear();
        }
        if !digits.is_empty() || longest_unit == usize::MAX || total > LONGEST {
            return Err(error());
        }
        Ok(Self::Seconds(total))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Seconds(mut rest) = *self else { return f.write_str("never") };
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, seconds) in UNITS {
            if rest >= seconds {
                write!(f, "{}{unit}", rest / seconds)?;
                rest %= seconds;
            }
        }
        Ok(())
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(never|([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?)$",
            "minLength": 2,
            "description": "A length of time: 30s, 5m, 1h30m, 7d, 2w, or never.",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("0s", Span::ZERO)]
    #[case("90s", Span::Seconds(90))]
    #[case("1h30m", Span::Seconds(5400))]
    #[case("2w", Span::Seconds(1_209_600))]
    #[case("never", Span::Never)]
    fn reads(#[case] text: &str, #[case] expected: Span) {
        assert_eq!(text.parse(), Ok(expected));
    }

    #[rstest::rstest]
    fn refuses(
        #[values("", "5", "m", "-5m", "5 m", "30m1h", "1m1m", "5x", "11w999999d", "99999999999999999999s")] text: &str,
    ) {
        assert!(text.parse::<Span>().is_err(), "{text}");
    }

    proptest::proptest! {
        #[test]
        fn survives_text_and_back(seconds in 0..LONGEST) {
            let span = Span::Seconds(seconds);
            proptest::prop_assert_eq!(span.to_string().parse(), Ok(span));
        }
    }
}
