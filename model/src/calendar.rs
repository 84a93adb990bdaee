//! The little of the calendar the detector needs: weekday and minute of the day, in UTC.

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// Seconds of an hour.
pub const HOUR: i64 = 3_600;

/// Seconds of a week.
pub const WEEK: i64 = 7 * DAY;

/// Latest time that is believed: the end of the year 9999.
pub(crate) const LATEST: i64 = 253_402_300_799;

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Name of the UTC weekday of an epoch second.
pub fn weekday(at: i64) -> &'static str {
    // 1970-01-01 was a Thursday.
    let index = (at.div_euclid(DAY) + 3).rem_euclid(7);
    WEEKDAYS[index as usize]
}

/// UTC time of day as `14:05`.
pub fn time_of_day(at: i64) -> String {
    let minutes = at.rem_euclid(DAY) / 60;
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_day_and_the_minute() {
        // 2014-02-14T14:27:00Z, a Friday.
        assert_eq!((weekday(1_392_388_020), time_of_day(1_392_388_020).as_str()), ("Friday", "14:27"));
        assert_eq!((weekday(-1), time_of_day(-60).as_str()), ("Wednesday", "23:59"));
    }
}
