//! How long incidents took to be acknowledged and to be resolved. Pure.

use jiff::SignedDuration;

use crate::incident::{Incident, Status};

/// A mean and how many examples it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// `None` without an example.
    pub seconds: Option<f64>,
    pub of: u64,
}

/// The time from the opening of an incident to the first change to `status`, in whole seconds; `None` while there is none.
pub fn time_to(incident: &Incident, status: Status) -> Option<SignedDuration> {
    let change = incident.timeline.iter().find(|change| change.to == status)?;
    Some(SignedDuration::from_secs(change.at.duration_since(incident.opened_at).as_secs().max(0)))
}

/// The mean time from the opening of an incident to the first change to `status`, over the incidents that had one.
pub fn mean_time_to(incidents: &[Incident], status: Status) -> Mean {
    let times: Vec<f64> =
        incidents.iter().filter_map(|incident| time_to(incident, status)).map(|took| took.as_secs_f64()).collect();
    let of = times.len() as u64;
    Mean { seconds: (of > 0).then(|| times.iter().sum::<f64>() / of as f64), of }
}
