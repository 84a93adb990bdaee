//! What people said of an incident: that its anomaly was none, or that they were wrong to say so. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::audit::{Fact, FactKind};
use crate::incident::Incident;

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackVerdict {
    /// This was no anomaly: the series' bar rises.
    FalsePositive,
    /// That is taken back: the bar falls by what is left of the rise.
    Withdrawn,
}

impl FeedbackVerdict {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FalsePositive => "false_positive",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// The last word on an incident, as the incident remembers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IncidentFeedback {
    pub verdict: FeedbackVerdict,
    /// Who: the caller's ARN, or that nobody was authenticated.
    pub by: String,
    pub at: Timestamp,
    pub why: String,
    /// How much the false positive raised the series' bar, 0 to 0.5; a withdrawal takes back what is left of it.
    pub raised_by: f64,
    /// 1 for the first word, 2 for the next.
    pub number: u32,
}

/// What a verdict asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FeedbackStep {
    /// It was said before.
    Nothing,
    Raise,
    /// Take back what is left of a rise of that much, given then.
    Lower {
        raised_by: f64,
        given_at: Timestamp,
    },
}

/// There is nothing that could be taken back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("nobody called this event a false positive: there is nothing to withdraw")]
pub struct NothingToWithdraw;

/// What follows from `verdict`, given the last word.
pub fn step(last: Option<&IncidentFeedback>, verdict: FeedbackVerdict) -> Result<FeedbackStep, NothingToWithdraw> {
    match (last, verdict) {
        (None, FeedbackVerdict::Withdrawn) => Err(NothingToWithdraw),
        (Some(last), verdict) if last.verdict == verdict => Ok(FeedbackStep::Nothing),
        (_, FeedbackVerdict::FalsePositive) => Ok(FeedbackStep::Raise),
        (Some(last), FeedbackVerdict::Withdrawn) => {
            Ok(FeedbackStep::Lower { raised_by: last.raised_by, given_at: last.at })
        }
    }
}

/// What the audit trail hears of the last word on `incident`: the same on every request.
pub fn fact(incident: &Incident) -> Option<Fact> {
    let feedback = incident.feedback.as_ref()?;
    let details = serde_json::json!({
        "verdict": feedback.verdict,
        "why": feedback.why,
        "raised_by": feedback.raised_by,
        "resource": incident.anomaly.resource.arn,
        "metric": incident.anomaly.metric.series(),
    });
    let because = format!("feedback {}", feedback.number);
    let kind = FactKind::FeedbackGiven;
    Some(Fact::new(kind, &feedback.by, incident.id.as_str(), Some(&because), feedback.at, details))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(verdict: FeedbackVerdict) -> IncidentFeedback {
        IncidentFeedback {
            verdict,
            by: "alice".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            why: "a deployment".to_owned(),
            raised_by: 0.5,
            number: 1,
        }
    }

    #[test]
    fn a_word_said_twice_is_said_once() {
        use FeedbackVerdict::{FalsePositive, Withdrawn};
        let lower = FeedbackStep::Lower { raised_by: 0.5, given_at: Timestamp::UNIX_EPOCH };
        assert_eq!(step(None, FalsePositive), Ok(FeedbackStep::Raise));
        assert_eq!(step(None, Withdrawn), Err(NothingToWithdraw));
        assert_eq!(step(Some(&said(FalsePositive)), FalsePositive), Ok(FeedbackStep::Nothing));
        assert_eq!(step(Some(&said(FalsePositive)), Withdrawn), Ok(lower));
        assert_eq!(step(Some(&said(Withdrawn)), Withdrawn), Ok(FeedbackStep::Nothing));
        assert_eq!(step(Some(&said(Withdrawn)), FalsePositive), Ok(FeedbackStep::Raise));
    }
}
