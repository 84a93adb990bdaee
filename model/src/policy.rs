//! What follows the score: when a surprise is worth waking somebody, given what woke them lately.
//!
//! After an alert the series cools down, and in that time only something clearly rarer gets through. Each alert also raises the
//! bar a little, for days: a stream that cries often must cry louder.

use serde::{Deserialize, Serialize};

use crate::calendar::HOUR;

/// The alert policy's numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Cool-down after an alert, seconds; 0 turns it off.
    pub cooldown_seconds: i64,
    /// In the cool-down a surprise must exceed the alert's by this much (1 is ten times rarer).
    pub breakthrough: f32,
    /// How much each recent alert raises the bar.
    pub load_weight: f32,
    /// Time constant with which an alert is forgotten, seconds.
    pub load_seconds: f32,
    /// … but at least this many slots.
    pub load_slots: f32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            cooldown_seconds: 17 * HOUR,
            breakthrough: 3.26,
            load_weight: 0.3,
            load_seconds: 12.5 * 86_400.0,
            load_slots: 300.0,
        }
    }
}

impl Policy {
    /// What follows the quick surprise of series finer than a slot: short stories, soon forgotten.
    pub fn quick() -> Self {
        Self {
            cooldown_seconds: 4 * HOUR,
            breakthrough: 1.0,
            load_weight: 0.5,
            load_seconds: 86_400.0,
            load_slots: 0.0,
        }
    }
}

/// What a series remembers of its alerts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct AlertMemory {
    /// Time and surprise of the newest alert.
    pub(crate) last: Option<(i64, f32)>,
    /// Recent alerts, decayed to the time of the newest.
    pub(crate) load: f32,
}

/// What the policy makes of a surprise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Ruling {
    /// To be compared with the bar.
    Heard { surprise: f32 },
    /// In a cool-down and not bad enough to break through.
    Muted,
}

impl AlertMemory {
    /// Recent alerts as of a time.
    fn load_at(&self, at: i64, slot_seconds: i64, policy: &Policy) -> f32 {
        let Some((last, _)) = self.last else { return 0.0 };
        let constant = policy.load_seconds.max(policy.load_slots * slot_seconds as f32).max(1.0);
        self.load * (-((at - last).max(0) as f32) / constant).exp()
    }

    pub(crate) fn rule(&self, at: i64, surprise: f32, slot_seconds: i64, policy: &Policy) -> Ruling {
        let heard = surprise - policy.load_weight * self.load_at(at, slot_seconds, policy);
        match self.last {
            Some((last, before)) if at - last < policy.cooldown_seconds && surprise < before + policy.breakthrough => {
                Ruling::Muted
            }
            _ => Ruling::Heard { surprise: heard },
        }
    }

    /// An alert for another reason starts this cool-down too.
    pub(crate) fn cool_down(&mut self, at: i64, surprise: f32, slot_seconds: i64, policy: &Policy) {
        self.load = self.load_at(at, slot_seconds, policy);
        self.last = Some((at, surprise));
    }

    pub(crate) fn raised(&mut self, at: i64, surprise: f32, slot_seconds: i64, policy: &Policy) {
        self.load = self.load_at(at, slot_seconds, policy) + 1.0;
        self.last = Some((at, surprise));
    }
}
