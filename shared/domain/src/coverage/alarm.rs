//! An alarm as it should be, and as it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::catalogue::{Comparison, MissingData};

/// Before the ARN, at the end of every description.
pub(super) const RESOURCE_MARK: &str = " resource=";
/// CloudWatch allows 1,024 characters.
const LONGEST_DESCRIPTION: usize = 1024;
/// CloudWatch allows 255 characters.
const LONGEST_PART: usize = 100;

/// How bad it is when the alarm fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Critical,
    Warning,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

/// All that PutMetricAlarm is told. Two alarms with equal specs are the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlarmSpec {
    pub name: String,
    pub description: String,
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, String>,
    /// `Average`, … or a percentile.
    pub statistic: String,
    pub period_seconds: u32,
    pub datapoints_to_alarm: u32,
    pub evaluation_periods: u32,
    pub comparison: Comparison,
    pub threshold: f64,
    pub missing_data: MissingData,
    /// The topic that is told when it fires.
    pub alarm_actions: Vec<String>,
    /// The topic that is told when it is over.
    pub ok_actions: Vec<String>,
}

impl AlarmSpec {
    /// What differs, as `field: is → should be`.
    pub fn differences(&self, should: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut compare = |field: &str, is: String, should: String| {
            if is != should {
                found.push(format!("{field}: {is} → {should}"));
            }
        };
        compare("threshold", self.threshold.to_string(), should.threshold.to_string());
        compare("comparison", self.comparison.sign().to_owned(), should.comparison.sign().to_owned());
        compare("statistic", self.statistic.clone(), should.statistic.clone());
        compare("period", format!("{} s", self.period_seconds), format!("{} s", should.period_seconds));
        let window = |spec: &Self| format!("{} of {}", spec.datapoints_to_alarm, spec.evaluation_periods);
        compare("datapoints", window(self), window(should));
        compare("missing data", self.missing_data.treatment().into(), should.missing_data.treatment().into());
        compare("metric", self.series(), should.series());
        compare("actions", self.alarm_actions.join(" "), should.alarm_actions.join(" "));
        compare("actions when over", self.ok_actions.join(" "), should.ok_actions.join(" "));
        compare("description", self.description.clone(), should.description.clone());
        found
    }

    fn series(&self) -> String {
        let dimensions: Vec<String> = self.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{} {} {}", self.namespace, self.metric, dimensions.join(","))
    }
}

/// What CloudWatch says of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlarmState {
    Ok,
    Alarm,
    InsufficientData,
}

/// Whose it is. DescribeAlarms does not tell: tags are asked for one by one, where it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// It carries the suite's ownership tag.
    Ours,
    /// It does not: never changed, never deleted.
    Foreign,
    /// Nobody has looked yet.
    Unknown,
}

/// An alarm that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct ExistingAlarm {
    pub spec: AlarmSpec,
    /// False where somebody has switched its actions off; that is theirs to decide, and told as a gap.
    pub actions_enabled: bool,
    pub state: AlarmState,
    pub state_since: Timestamp,
    pub ownership: Ownership,
}

/// The name of an alarm: readable, and by its last part different for every resource, series and level, whatever
/// characters the resource's id has or however long it is.
pub fn name(
    prefix: &str,
    arn: &str,
    id: &str,
    series: (&str, &str, &BTreeMap<String, String>),
    level: Level,
) -> String {
    let (namespace, metric, dimensions) = series;
    let mut digest = Sha256::new();
    for part in [arn, namespace, metric, level.as_str()] {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    for (key, value) in dimensions {
        digest.update(key.as_bytes());
        digest.update([0]);
        digest.update(value.as_bytes());
        digest.update([0]);
    }
    let hash = hex::encode(&digest.finalize()[..5]);
    format!("{prefix}-{}-{}-{}-{hash}", plain(id), plain(metric), level.as_str())
}

/// The resource that an alarm's description names.
pub fn resource_of(description: &str) -> Option<&str> {
    description.rsplit_once(RESOURCE_MARK).map(|(_, arn)| arn)
}

/// Whether a name looks like one of ours. The tag decides; this saves asking about every other alarm.
pub fn is_generated_name(prefix: &str, name: &str) -> bool {
    let Some((rest, hash)) = name.rsplit_once('-') else { return false };
    let hexadecimal = hash.len() == 10 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let leveled = rest.ends_with("-critical") || rest.ends_with("-warning");
    hexadecimal && leveled && rest.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'))
}

/// For whoever meets the alarm in the console, and with the resource at its end for programs.
pub(super) fn described(text: &str, arn: &str) -> String {
    let mark = format!("{RESOURCE_MARK}{arn}");
    let room = LONGEST_DESCRIPTION.saturating_sub(mark.chars().count());
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(room).chain(mark.chars()).collect()
}

pub(super) fn plain(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
    text.chars().take(LONGEST_PART).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn of(arn: &str, id: &str) -> String {
        name("aiops", arn, id, ("AWS/EC2", "CPUUtilization", &BTreeMap::new()), Level::Critical)
    }

    #[rstest]
    #[case::plain("i-1")]
    #[case::balancer("app/web/50dc6c495c0c9188")]
    #[case::unicode("größe-数据-🦀")]
    #[case::long(&"x".repeat(2000))]
    #[case::control("a\nb\u{1b}[2J")]
    fn every_id_makes_a_name_that_cloudwatch_takes(#[case] id: &str) {
        let name = of("arn", id);
        assert!(name.len() <= 255 && name.is_ascii() && !name.contains(char::is_control), "{name}");
        assert!(is_generated_name("aiops", &name), "{name}");
    }

    #[test]
    fn ids_that_look_alike_have_names_of_their_own() {
        assert_ne!(of("arn:1", "a/b"), of("arn:2", "a-b"));
        assert_ne!(of("arn:1", &"x".repeat(200)), of("arn:2", &"x".repeat(201)));
    }

    #[rstest]
    #[case("aiops-onboarding-dlq-not-empty")]
    #[case("aiops2-i-1-CPUUtilization-critical-0123456789")]
    #[case("aiops-i-1-CPUUtilization-critical-012345678G")]
    #[case("")]
    fn other_names_are_not_ours(#[case] name: &str) {
        assert!(!is_generated_name("aiops", name));
    }
}
