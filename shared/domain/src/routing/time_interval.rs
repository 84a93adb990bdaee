//! Recurring times: quiet hours, weekends, month ends, in a time zone.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A recurring time: all parts that are given must hold. A part with several entries holds if one of them does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeInterval {
    /// Times of day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub times: Vec<TimeRange>,
    /// `monday`, or `monday:friday`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub weekdays: Vec<Range<Weekdays>>,
    /// `1`, `1:7`, or from the end of the month: `-1`, `-7:-1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub days_of_month: Vec<Range<DaysOfMonth>>,
    /// `december`, `12`, or `june:august`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub months: Vec<Range<Months>>,
    /// `2026`, or `2026:2028`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub years: Vec<Range<Years>>,
    /// IANA name such as `Europe/Berlin`; UTC where absent.
    #[serde(default)]
    pub location: Location,
}

impl TimeInterval {
    /// Whether `at` lies in it.
    pub fn contains(&self, at: Timestamp) -> bool {
        let local = at.to_zoned(self.location.0.clone()).datetime();
        let (day, last) = (i32::from(local.day()), i32::from(local.days_in_month()));
        let weekday = i32::from(local.weekday().to_sunday_zero_offset());
        any(&self.times, |range| range.contains(local))
            && any(&self.weekdays, |range| range.holds(weekday))
            && any(&self.days_of_month, |range| range.within_month(last).contains(&day))
            && any(&self.months, |range| range.holds(i32::from(local.month())))
            && any(&self.years, |range| range.holds(i32::from(local.year())))
    }
}

fn any<T>(entries: &[T], holds: impl Fn(&T) -> bool) -> bool {
    entries.is_empty() || entries.iter().any(holds)
}

/// From `start_time` until before `end_time`. One that ends before it starts is written as two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, try_from = "Times")]
pub struct TimeRange {
    pub start_time: TimeOfDay,
    pub end_time: TimeOfDay,
}

/// A [`TimeRange`] before it is checked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Times {
    start_time: TimeOfDay,
    end_time: TimeOfDay,
}

impl TryFrom<Times> for TimeRange {
    type Error = String;

    fn try_from(Times { start_time, end_time }: Times) -> Result<Self, Self::Error> {
        if start_time >= end_time {
            return Err(format!(
                "{start_time} to {end_time} ends before it begins: across midnight it is written as two"
            ));
        }
        Ok(Self { start_time, end_time })
    }
}

impl TimeRange {
    fn contains(self, local: DateTime) -> bool {
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0);
        (self.start_time.0..self.end_time.0).contains(&minute)
    }
}

/// Minutes since midnight; 24:00 is the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || format!("{text:?} is no time of day: write 00:00 to 24:00");
        let (hours, minutes) = text.split_once(':').ok_or_else(error)?;
        let number = |text: &str| (text.len() == 2).then(|| text.parse::<u16>().ok()).flatten();
        match (number(hours), number(minutes)) {
            (Some(hours), Some(minutes)) if minutes < 60 && hours * 60 + minutes <= 1440 => {
                Ok(Self(hours * 60 + minutes))
            }
            _ => Err(error()),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// What a [`Range`] counts.
pub trait Unit {
    const WHAT: &'static str;
    /// The number of a text.
    fn number(text: &str) -> Option<i32>;
}

macro_rules! unit {
    ($name:ident, $what:literal, $number:expr) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;

        impl Unit for $name {
            const WHAT: &'static str = $what;

            fn number(text: &str) -> Option<i32> {
                let number: fn(&str) -> Option<i32> = $number;
                number(text)
            }
        }
    };
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

fn place(names: &[&str], text: &str) -> Option<i32> {
    i32::try_from(names.iter().position(|name| *name == text)?).ok()
}

unit!(Weekdays, "weekday (sunday to saturday)", |text| place(&WEEKDAYS, text));
unit!(DaysOfMonth, "day of the month (1 to 31, or -31 to -1 from its end)", |text| {
    text.parse().ok().filter(|day: &i32| (1..=31).contains(&day.abs()))
});
unit!(Months, "month (january to december, or 1 to 12)", |text| {
    place(&MONTHS, text).map(|month| month + 1).or_else(|| text.parse().ok().filter(|month| (1..=12).contains(month)))
});
unit!(Years, "year", |text| text.parse().ok().filter(|year| (1970..=9999).contains(year)));

/// `first:last`, both included, or one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range<U> {
    first: i32,
    last: i32,
    text: String,
    unit: std::marker::PhantomData<U>,
}

impl<U> Range<U> {
    fn holds(&self, value: i32) -> bool {
        (self.first..=self.last).contains(&value)
    }

    /// With days that count from the end of a month of `days` days, cut to the month.
    fn within_month(&self, days: i32) -> std::ops::RangeInclusive<i32> {
        let day = |day: i32| if day < 0 { days + 1 + day } else { day };
        day(self.first).max(1)..=day(self.last).min(days)
    }
}

impl<U: Unit> FromStr for Range<U> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        let number = |part: &str| {
            U::number(&part.trim().to_ascii_lowercase()).ok_or_else(|| format!("{part:?} is no {}", U::WHAT))
        };
        let (first, last) = (number(first)?, number(last)?);
        // From 25 to the last day but two is fine; from -1 to -7 and from 7 to 1 is not.
        if (first < 0) == (last < 0) && first > last {
            return Err(format!("{text:?} ends before it begins"));
        }
        if first < 0 && last > 0 {
            return Err(format!("{text:?} begins counted from the end of the month and ends counted from its start"));
        }
        Ok(Self { first, last, text: text.to_owned(), unit: std::marker::PhantomData })
    }
}

impl<U> fmt::Display for Range<U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A time zone by its IANA name, from the database that is built in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location(TimeZone);

impl Default for Location {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl FromStr for Location {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        TimeZoneDatabase::bundled()
            .get(name)
            .map(Self)
            .map_err(|_| format!("{name:?} is no time zone: write its IANA name, such as Europe/Berlin, or UTC"))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

macro_rules! as_text {
    ($type:ty $(, $($generics:tt)*)?) => {
        impl$(<$($generics)*>)? Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de $(, $($generics)*)?> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

as_text!(TimeOfDay);
as_text!(Location);
as_text!(Range<U>, U: Unit);

impl JsonSchema for TimeOfDay {
    fn schema_name() -> Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([01][0-9]|2[0-4]):[0-5][0-9]$" })
    }
}

impl JsonSchema for Location {
    fn schema_name() -> Cow<'static, str> {
        "Location".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "IANA time zone, such as Europe/Berlin; UTC where absent." })
    }
}
