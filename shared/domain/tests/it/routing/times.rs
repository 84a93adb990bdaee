//! Time intervals against the calendar.

use jiff::Timestamp;
use nightjar_domain::routing::time_interval::TimeInterval;
use rstest::rstest;
use serde_json::{Value, json};

fn interval(value: Value) -> TimeInterval {
    serde_json::from_value(value).unwrap()
}

#[rstest]
#[case::nothing_given_is_always(json!({}), "2026-11-21T10:00:00Z", true)]
#[case::weekday(json!({"weekdays": ["monday:friday"]}), "2026-11-20T23:59:59Z", true)]
#[case::weekend(json!({"weekdays": ["saturday", "sunday"]}), "2026-11-20T23:59:59Z", false)]
#[case::the_start_belongs_to_it(json!({"times": [{"start_time": "09:00", "end_time": "17:00"}]}), "2026-11-21T09:00:00Z", true)]
#[case::the_end_does_not(json!({"times": [{"start_time": "09:00", "end_time": "17:00"}]}), "2026-11-21T17:00:00Z", false)]
#[case::the_end_of_the_day(json!({"times": [{"start_time": "22:00", "end_time": "24:00"}]}), "2026-11-21T23:59:59Z", true)]
#[case::across_midnight_as_two(json!({"times": [{"start_time": "22:00", "end_time": "24:00"}, {"start_time": "00:00", "end_time": "06:00"}]}), "2026-11-21T05:59:00Z", true)]
#[case::first_week(json!({"days_of_month": ["1:7"]}), "2026-11-07T10:00:00Z", true)]
#[case::last_day(json!({"days_of_month": ["-1"]}), "2028-02-29T10:00:00Z", true)]
#[case::last_day_of_no_leap_year(json!({"days_of_month": ["-1"]}), "2026-02-28T10:00:00Z", true)]
#[case::last_three(json!({"days_of_month": ["-3:-1"]}), "2026-11-27T10:00:00Z", false)]
#[case::from_a_day_to_the_end(json!({"days_of_month": ["25:-1"]}), "2026-11-30T10:00:00Z", true)]
#[case::month_by_name(json!({"months": ["December"]}), "2026-12-24T10:00:00Z", true)]
#[case::month_by_number(json!({"months": ["1:3", "12"]}), "2026-11-24T10:00:00Z", false)]
#[case::years(json!({"years": ["2025:2026"]}), "2026-11-24T10:00:00Z", true)]
#[case::all_parts_must_hold(json!({"weekdays": ["saturday"], "months": ["december"]}), "2026-11-21T10:00:00Z", false)]
#[case::winter_in_berlin(json!({"times": [{"start_time": "09:00", "end_time": "10:00"}], "location": "Europe/Berlin"}), "2026-01-15T08:30:00Z", true)]
#[case::summer_in_berlin(json!({"times": [{"start_time": "09:00", "end_time": "10:00"}], "location": "Europe/Berlin"}), "2026-07-15T08:30:00Z", false)]
#[case::the_day_is_the_local_one(json!({"weekdays": ["sunday"], "location": "Pacific/Auckland"}), "2026-11-21T12:00:00Z", true)]
fn contains(#[case] value: Value, #[case] at: Timestamp, #[case] expected: bool) {
    assert_eq!(interval(value).contains(at), expected);
}

#[rstest]
#[case::no_such_zone(json!({"location": "Europe/Bielefeld"}), "no time zone")]
#[case::backwards(json!({"weekdays": ["friday:monday"]}), "ends before it begins")]
#[case::no_such_day(json!({"days_of_month": ["32"]}), "no day of the month")]
#[case::day_zero(json!({"days_of_month": ["0"]}), "no day of the month")]
#[case::from_the_end_to_the_start(json!({"days_of_month": ["-3:5"]}), "counted from the end")]
#[case::no_such_month(json!({"months": ["brumaire"]}), "no month")]
#[case::no_such_time(json!({"times": [{"start_time": "9:00", "end_time": "24:01"}]}), "no time of day")]
#[case::unknown_field(json!({"weekday": ["monday"]}), "unknown field")]
#[case::empty_time(json!({"times": [{"start_time": "17:00", "end_time": "09:00"}]}), "written as two")]
fn refuses(#[case] value: Value, #[case] expected: &str) {
    let error = serde_json::from_value::<TimeInterval>(value).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn survives_json_and_back() {
    let value = json!({
        "times": [{ "start_time": "22:00", "end_time": "24:00" }],
        "weekdays": ["monday:friday"],
        "days_of_month": ["-7:-1"],
        "months": ["june:august"],
        "years": ["2026"],
        "location": "Europe/Berlin",
    });
    assert_eq!(serde_json::to_value(interval(value.clone())).unwrap(), value);
}
