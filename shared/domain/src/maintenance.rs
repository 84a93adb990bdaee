//! Maintenance windows: when what a resource does is no news. `config/maintenance_windows.json`.
//!
//! The detector learns nothing inside them. Whoever routes alerts or remediates may ask the same question.

use std::collections::BTreeMap;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::{Resource, ResourceRef};

/// The document `config/maintenance_windows.json`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceDocument {
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    pub windows: Vec<MaintenanceEntry>,
}

/// One window, once or again and again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceEntry {
    /// How people call it; no two windows share a name.
    pub name: String,
    /// Why there is one.
    pub why: String,
    pub resources: Affected,
    pub when: Recurrence,
}

/// Which resources are maintained: one of the ids, or all of the tags.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Affected {
    /// True for every watched resource.
    #[serde(default)]
    pub all: bool,
    /// Short ids such as `i-0a1b2c3d4e5f60718`, or ARNs.
    #[serde(default)]
    pub ids: Vec<String>,
    /// Tags a resource must carry, all of them.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// When a window is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Recurrence {
    /// Once.
    Once {
        /// RFC 3339.
        from: Timestamp,
        /// RFC 3339; not in the window any more.
        until: Timestamp,
    },
    /// On some days of every week.
    Weekly {
        weekdays: Vec<Day>,
        /// `hh:mm` on the wall clock of the time zone. Where a change of the clock skips it, the window opens as much later; where it
        /// comes twice, at the first time.
        start: String,
        /// Minutes that pass, whatever the wall clock does meanwhile: 1 to 10080, a week.
        duration_minutes: u32,
        /// IANA name, such as `Europe/Berlin`.
        time_zone: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl From<Day> for Weekday {
    fn from(day: Day) -> Self {
        match day {
            Day::Monday => Self::Monday,
            Day::Tuesday => Self::Tuesday,
            Day::Wednesday => Self::Wednesday,
            Day::Thursday => Self::Thursday,
            Day::Friday => Self::Friday,
            Day::Saturday => Self::Saturday,
            Day::Sunday => Self::Sunday,
        }
    }
}

/// Everything that is wrong with the document, at once.
#[derive(Debug, thiserror::Error)]
pub enum MaintenanceError {
    #[error("maintenance_windows.json is not a valid document: {0}")]
    Document(#[from] serde_json::Error),
    #[error("maintenance_windows.json: {}", .0.join("; "))]
    Content(Vec<String>),
}

/// The windows, checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MaintenanceWindows(Vec<Window>);

/// One window, ready to be asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    pub name: String,
    affected: Affected,
    times: Times,
}

#[derive(Debug, Clone, PartialEq)]
enum Times {
    Once { from: Timestamp, until: Timestamp },
    Weekly { weekdays: Vec<Weekday>, start: Time, duration: SignedDuration, zone: TimeZone },
}

const LONGEST_MINUTES: u32 = 7 * 24 * 60;
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl MaintenanceWindows {
    /// Reads and checks the document.
    pub fn parse(json: &str) -> Result<Self, MaintenanceError> {
        let document: MaintenanceDocument = serde_json::from_str(json)?;
        let mut problems = Vec::new();
        let mut windows: Vec<Window> = Vec::with_capacity(document.windows.len());
        for (index, entry) in document.windows.into_iter().enumerate() {
            let mut told = Vec::new();
            if windows.iter().any(|window| window.name == entry.name) {
                told.push("another window has this name".to_owned());
            }
            let Affected { all, ids, tags } = &entry.resources;
            if *all != (ids.is_empty() && tags.is_empty()) {
                told.push("resources needs ids, tags, or \"all\": true alone".to_owned());
            }
            let times = times(entry.when, &mut told);
            problems.extend(told.into_iter().map(|problem| format!("windows[{index}] ({}): {problem}", entry.name)));
            if let Some(times) = times {
                windows.push(Window { name: entry.name, affected: entry.resources, times });
            }
        }
        if problems.is_empty() { Ok(Self(windows)) } else { Err(MaintenanceError::Content(problems)) }
    }

    /// The windows that concern a resource, whenever they are.
    pub fn of<'a>(&'a self, resource: &'a Resource) -> impl Iterator<Item = &'a Window> {
        self.0.iter().filter(|window| window.affected.admits(&resource.reference, &resource.tags))
    }

    /// A window that is open now and concerns a resource with these tags.
    pub fn open_at(&self, resource: &ResourceRef, tags: &BTreeMap<String, String>, now: Timestamp) -> Option<&Window> {
        let moment = now + SignedDuration::from_secs(1);
        self.0.iter().find(|window| window.affected.admits(resource, tags) && window.overlaps(now, moment))
    }

    /// Whether any part of the period that begins at `at` (Unix seconds) lies in a window of the resource.
    pub fn cover(&self, resource: &Resource, at: i64, period_seconds: u32) -> bool {
        let until = at.saturating_add(i64::from(period_seconds));
        match (Timestamp::from_second(at), Timestamp::from_second(until)) {
            (Ok(from), Ok(until)) => self.of(resource).any(|window| window.overlaps(from, until)),
            _ => false,
        }
    }
}

fn times(when: Recurrence, told: &mut Vec<String>) -> Option<Times> {
    match when {
        Recurrence::Once { from, until } => {
            if from >= until {
                told.push(format!("from {from} is not before until {until}"));
            }
            Some(Times::Once { from, until })
        }
        Recurrence::Weekly { weekdays, start, duration_minutes, time_zone } => {
            if weekdays.is_empty() {
                told.push("weekdays names no day".to_owned());
            }
            if duration_minutes == 0 || duration_minutes > LONGEST_MINUTES {
                told.push(format!("duration_minutes {duration_minutes} is not between 1 and {LONGEST_MINUTES}"));
            }
            let parsed = Time::strptime("%H:%M", &start).ok();
            if parsed.is_none() {
                told.push(format!("start {start:?} is no time of day: write hh:mm"));
            }
            let zone = TimeZone::get(&time_zone).ok();
            if zone.is_none() {
                told.push(format!("time_zone {time_zone:?} is no IANA time zone such as Europe/Berlin"));
            }
            Some(Times::Weekly {
                weekdays: weekdays.into_iter().map(Weekday::from).collect(),
                start: parsed?,
                duration: SignedDuration::from_mins(i64::from(duration_minutes)),
                zone: zone?,
            })
        }
    }
}

impl Affected {
    fn admits(&self, resource: &ResourceRef, tags: &BTreeMap<String, String>) -> bool {
        let named = |id: &String| *id == resource.id || *id == resource.arn;
        let tagged = || self.tags.iter().all(|(key, value)| tags.get(key) == Some(value));
        self.all || self.ids.iter().any(named) || (!self.tags.is_empty() && tagged())
    }
}

impl Window {
    /// Whether any part of `from..until` lies in the window.
    pub fn overlaps(&self, from: Timestamp, until: Timestamp) -> bool {
        match &self.times {
            Times::Once { from: opens, until: closes } => *opens < until && from < *closes,
            Times::Weekly { weekdays, start, duration, zone } => {
                // The window that is open at `from` may have opened on an earlier day, and a wall clock may be a day off UTC's.
                let Ok(earliest) = from.checked_sub(*duration + DAY) else { return false };
                let mut date = earliest.to_zoned(zone.clone()).date();
                let last = until.to_zoned(zone.clone()).date();
                while date <= last {
                    if weekdays.contains(&date.weekday())
                        && let Ok(opens) = date.to_datetime(*start).to_zoned(zone.clone())
                        && let Ok(closes) = opens.timestamp().checked_add(*duration)
                        && opens.timestamp() < until
                        && from < closes
                    {
                        return true;
                    }
                    let Ok(next) = date.checked_add(Span::new().days(1)) else { return false };
                    date = next;
                }
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nightjar_testkit::at;

    fn weekly(day: &str, start: &str, minutes: u32, zone: &str) -> Window {
        let json = serde_json::json!({ "windows": [{
            "name": "backup", "why": "a test", "resources": { "all": true },
            "when": { "weekly": {
                "weekdays": [day], "start": start, "duration_minutes": minutes, "time_zone": zone,
            } },
        }] });
        MaintenanceWindows::parse(&json.to_string()).unwrap().0.remove(0)
    }

    fn once() -> Window {
        let json = serde_json::json!({ "windows": [{
            "name": "move", "why": "a test", "resources": { "all": true },
            "when": { "once": { "from": "2026-11-21T10:00:00Z", "until": "2026-11-21T11:00:00Z" } },
        }] });
        MaintenanceWindows::parse(&json.to_string()).unwrap().0.remove(0)
    }

    #[test]
    fn a_datapoint_is_covered_by_any_part_of_its_period_and_by_its_own_resources_windows() {
        let resource = serde_json::to_value(nightjar_testkit::resource()).and_then(serde_json::from_value).unwrap();
        let windows = MaintenanceWindows(vec![once()]);
        let opens = at("2026-11-21T10:00:00Z").as_second();
        let covered = [opens - 300, opens - 299, opens, opens + 3_599, opens + 3_600]
            .map(|second| windows.cover(&resource, second, 300));
        assert_eq!(covered, [false, true, true, true, false]);
        let mut other = once();
        other.affected = Affected { all: false, ids: vec!["i-other".to_owned()], ..other.affected };
        assert!(!MaintenanceWindows(vec![other]).cover(&resource, opens, 300));
        assert!(!windows.cover(&resource, i64::MAX, 300));
    }

    /// Five minutes from an instant.
    fn covers(window: &Window, from: &str) -> bool {
        window.overlaps(at(from), at(from) + SignedDuration::from_mins(5))
    }

    #[rstest::rstest]
    #[case::before("2026-11-21T09:55:00Z", false)]
    #[case::across_the_opening("2026-11-21T09:56:00Z", true)]
    #[case::inside("2026-11-21T10:30:00Z", true)]
    #[case::across_the_end("2026-11-21T10:59:00Z", true)]
    #[case::after("2026-11-21T11:00:00Z", false)]
    fn once_is_once(#[case] from: &str, #[case] expected: bool) {
        assert_eq!(covers(&once(), from), expected);
    }

    // 2026-10-25 is the Sunday on which Berlin's clocks go back from 03:00 to 02:00, 2026-03-29 the one on which they skip 02:00 to
    // 03:00.
    #[rstest::rstest]
    #[case::summer("sunday", "04:00", "2026-10-18T02:00:00Z", true)]
    #[case::winter("sunday", "04:00", "2026-11-01T02:00:00Z", false)]
    #[case::winter_an_hour_later("sunday", "04:00", "2026-11-01T03:00:00Z", true)]
    #[case::a_time_that_comes_twice_opens_at_the_first("sunday", "02:30", "2026-10-25T00:30:00Z", true)]
    #[case::and_only_then("sunday", "02:30", "2026-10-25T01:40:00Z", false)]
    #[case::a_time_that_is_skipped_opens_as_much_later("sunday", "02:30", "2026-03-29T01:30:00Z", true)]
    #[case::not_before_it("sunday", "02:30", "2026-03-29T01:20:00Z", false)]
    #[case::the_day_is_that_of_the_zone("monday", "00:30", "2026-11-22T23:30:00Z", true)]
    #[case::not_that_of_utc("sunday", "00:30", "2026-11-22T23:30:00Z", false)]
    fn wall_clocks_are_followed(#[case] day: &str, #[case] start: &str, #[case] from: &str, #[case] expected: bool) {
        assert_eq!(covers(&weekly(day, start, 60, "Europe/Berlin"), from), expected);
    }

    #[test]
    fn minutes_that_pass_are_counted_across_a_change_of_the_clock() {
        // From 01:00 summer time, four hours: 23:00 to 03:00 UTC, which is 04:00 winter time.
        let window = weekly("sunday", "01:00", 240, "Europe/Berlin");
        assert!(covers(&window, "2026-10-25T02:55:00Z"));
        assert!(!covers(&window, "2026-10-25T03:00:00Z"));
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_it_opened() {
        let window = weekly("saturday", "23:00", 180, "UTC");
        assert!(covers(&window, "2026-11-22T01:55:00Z"));
        assert!(!covers(&window, "2026-11-21T01:00:00Z"));
        let week = weekly("monday", "00:00", 7 * 24 * 60, "Asia/Tokyo");
        assert!(covers(&week, "2026-11-18T12:00:00Z"));
    }

    #[test]
    fn every_mistake_is_told_at_once_with_its_place() {
        let error = MaintenanceWindows::parse(
            r#"{"windows": [
                {"name": "a", "why": "x", "resources": {}, "when": {"once": {"from": "2026-11-21T10:00:00Z", "until": "2026-11-21T10:00:00Z"}}},
                {"name": "a", "why": "x", "resources": {"all": true, "ids": ["i-1"]},
                 "when": {"weekly": {"weekdays": [], "start": "25:00", "duration_minutes": 0, "time_zone": "Mars/Olympus"}}}]}"#,
        )
        .unwrap_err()
        .to_string();
        for part in [
            "windows[0] (a): resources needs ids, tags, or \"all\": true alone",
            "windows[0] (a): from 2026-11-21T10:00:00Z is not before until",
            "windows[1] (a): another window has this name",
            "windows[1] (a): weekdays names no day",
            "start \"25:00\" is no time of day",
            "duration_minutes 0 is not between 1 and 10080",
            "time_zone \"Mars/Olympus\" is no IANA time zone",
        ] {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(MaintenanceWindows::parse(r#"{"windows": [], "more": 1}"#).is_err());
    }

    #[test]
    fn what_ships_maintains_nothing() {
        let shipped = MaintenanceWindows::parse(include_str!("../../../config/maintenance_windows.json")).unwrap();
        assert_eq!(shipped, MaintenanceWindows::default());
    }

    proptest::proptest! {
        /// Each opening is on a named day at the named time of the zone, and every minute up to its end is covered.
        #[test]
        fn a_weekly_window_is_open_for_its_duration_from_each_opening(
            day in 0_i64..4_000,
            (hour, minute) in (0_i8..24, 0_i8..60),
            minutes in 1_u32..10_080,
            zone in proptest::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
            part in 0.0_f64..1.0,
        ) {
            const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
            let date = Timestamp::from_second(1_700_000_000 + day * 86_400).unwrap().to_zoned(TimeZone::UTC).date();
            let weekday = DAYS[date.weekday().to_monday_zero_offset() as usize];
            let window = weekly(weekday, &format!("{hour:02}:{minute:02}"), minutes, zone);
            let opens = date.at(hour, minute, 0, 0).to_zoned(TimeZone::get(zone).unwrap()).unwrap().timestamp();
            let inside = opens + SignedDuration::from_secs((f64::from(minutes * 60 - 1) * part) as i64);
            let second = SignedDuration::from_secs(1);
            proptest::prop_assert!(window.overlaps(inside, inside + second));
            // A duration below six days leaves a gap before the next opening, whatever the clocks do.
            if minutes < 6 * 1_440 {
                let closes = opens + SignedDuration::from_mins(i64::from(minutes));
                proptest::prop_assert!(!window.overlaps(closes, closes + second));
                proptest::prop_assert!(!window.overlaps(opens - second, opens));
            }
        }
    }
}
