//! Whether it helped: the same metric asked again. The logs are [`super::symptoms`].

use jiff::{SignedDuration, Timestamp};

use super::GroupState;
use crate::anomaly::Anomaly;

/// Periods in a row that must be ordinary.
pub const GOOD_PERIODS: usize = 2;
/// How long after the settle time datapoints are waited for. EC2's basic monitoring is up to ten minutes late.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

/// What was seen since the act.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observed {
    /// Start of the period and value, oldest first; only periods that began after the act.
    pub datapoints: Vec<(Timestamp, f64)>,
    /// Such as `running`; `None` when the instance is gone.
    pub state: Option<String>,
    pub is_impaired: bool,
}

/// The judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    Healed,
    NotHealed {
        why: String,
    },
    /// Too early to tell.
    NotYet {
        why: String,
    },
}

/// Judges an act of `acted_at` whose effect settles until `settled_by`.
pub fn judge(anomaly: &Anomaly, observed: &Observed, settled_by: Timestamp, now: Timestamp) -> Judgement {
    if now < settled_by {
        return Judgement::NotYet { why: format!("its effect settles until {settled_by}") };
    }
    let overdue = now >= settled_by + PATIENCE;
    match symptom(anomaly, observed) {
        Ok(()) => Judgement::Healed,
        Err(Doubt::Certain(why)) => Judgement::NotHealed { why },
        Err(Doubt::Missing(why)) if overdue => Judgement::NotHealed { why },
        Err(Doubt::Missing(why)) => Judgement::NotYet { why },
    }
}

/// Judges a replacement of `instance` in its group.
pub fn judge_replacement(
    group: Option<&GroupState>,
    instance: &str,
    settled_by: Timestamp,
    now: Timestamp,
) -> Judgement {
    let Some(group) = group else { return Judgement::NotHealed { why: "the group no longer exists".to_owned() } };
    if now < settled_by {
        return Judgement::NotYet { why: format!("its effect settles until {settled_by}") };
    }
    if group.has_replaced(instance) {
        return Judgement::Healed;
    }
    let healthy = group.members.iter().filter(|member| member.is_in_service()).count();
    let why = format!("{healthy} of {} instances of {} are healthy and in service", group.desired, group.name);
    if now >= settled_by + PATIENCE { Judgement::NotHealed { why } } else { Judgement::NotYet { why } }
}

enum Doubt {
    Certain(String),
    Missing(String),
}

fn symptom(anomaly: &Anomaly, observed: &Observed) -> Result<(), Doubt> {
    match observed.state.as_deref() {
        Some("running") => {}
        Some(state) => return Err(Doubt::Missing(format!("the instance is {state}"))),
        None => return Err(Doubt::Certain("the instance no longer exists".to_owned())),
    }
    if observed.is_impaired {
        return Err(Doubt::Missing("a status check of the instance fails".to_owned()));
    }
    let newest: Vec<&(Timestamp, f64)> = observed.datapoints.iter().rev().take(GOOD_PERIODS).collect();
    if let Some((at, value)) = newest.iter().find(|(_, value)| is_abnormal(anomaly, *value)) {
        return Err(Doubt::Certain(format!(
            "{} is {value:.1} at {at}, where {} is expected",
            anomaly.metric.name,
            anomaly.expected.text()
        )));
    }
    if newest.len() < GOOD_PERIODS {
        return Err(Doubt::Missing(format!(
            "{} of {GOOD_PERIODS} ordinary datapoints of {} have arrived",
            newest.len(),
            anomaly.metric.name
        )));
    }
    Ok(())
}

/// Whether `value` lies outside the expected range on the side on which the anomaly lay.
fn is_abnormal(anomaly: &Anomaly, value: f64) -> bool {
    if !value.is_finite() {
        return true;
    }
    if anomaly.observed >= anomaly.expected.typical {
        value > anomaly.expected.high
    } else {
        value < anomaly.expected.low
    }
}
