//! What each principal usually does, so that the first time of something can be told from the hundredth.
//!
//! Bounded: at most [`Limits::principals`] principals with [`Limits::actions`] actions each; the one not seen for the
//! longest makes room. Explainable: what is kept is the plain name of each action with the day it was last seen and on how
//! many days.
//! Learned: a principal is judged only after [`Limits::known_days`] days with calls, and every call is learned from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// How much is remembered, and when it is enough to judge by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub principals: usize,
    /// Actions remembered per principal.
    pub actions: usize,
    /// Days with calls before anything counts as new.
    pub known_days: usize,
    /// Days after which an action is forgotten.
    pub memory_days: i64,
    /// Earlier days with an action that make it a habit.
    pub habit_days: u16,
}

impl Default for Limits {
    /// Two weeks of work, and three months of memory, which is as long as `CloudTrail`'s event history.
    fn default() -> Self {
        Self { principals: 2_000, actions: 400, known_days: 10, memory_days: 90, habit_days: 3 }
    }
}

/// Everything learned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    principals: BTreeMap<String, Habits>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Habits {
    /// Days since 1970 with calls, the latest few.
    days: BTreeSet<i64>,
    actions: BTreeMap<String, Known>,
}

/// What is known of one action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    /// The day it was last seen.
    last: i64,
    /// On how many days it was seen.
    days: u16,
}

/// What one call taught.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Observed {
    /// The principal is known well enough, and never did this.
    pub first_time: bool,
    /// The principal did this on several earlier days.
    pub habit: bool,
    /// The memory differs from before: it has to be kept.
    pub learned: bool,
}

impl Baseline {
    /// Learns that `principal` called `action` on `day` (days since 1970).
    pub fn observe(&mut self, principal: &str, action: &str, day: i64, limits: &Limits) -> Observed {
        if !self.principals.contains_key(principal) && self.principals.len() >= limits.principals {
            self.forget_one();
        }
        let habits = self.principals.entry(principal.to_owned()).or_default();
        let known = habits.days.range(..day).count() >= limits.known_days;
        let before = habits.actions.get(action).copied();
        let remembered = before.filter(|known| day - known.last <= limits.memory_days);
        let seen = remembered.is_some();
        let earlier = remembered.map_or(0, |known| known.days - u16::from(known.last == day));
        // An event that comes late must not make a memory older.
        let mut learned = before.is_none_or(|known| known.last < day);
        if learned {
            let days = remembered.map_or(0, |known| known.days).saturating_add(1);
            habits.actions.insert(action.to_owned(), Known { last: day, days });
        }
        learned |= habits.days.insert(day);
        while habits.days.len() > limits.known_days + 1 {
            // A day that is older than all that are kept teaches nothing.
            learned &= habits.days.pop_first() != Some(day);
        }
        if habits.actions.len() > limits.actions {
            let oldest = habits.actions.iter().filter(|(name, _)| *name != action).min_by_key(|(_, known)| known.last);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                habits.actions.remove(&oldest);
            }
        }
        Observed { first_time: known && !seen, habit: earlier >= limits.habit_days, learned }
    }

    /// What `principal` is known to do, with the day (since 1970) of the last time.
    pub fn habits(&self, principal: &str) -> impl Iterator<Item = (&str, i64)> {
        self.principals
            .get(principal)
            .into_iter()
            .flat_map(|habits| habits.actions.iter())
            .map(|(name, known)| (name.as_str(), known.last))
    }

    /// How many principals are remembered.
    pub fn len(&self) -> usize {
        self.principals.len()
    }

    pub fn is_empty(&self) -> bool {
        self.principals.is_empty()
    }

    fn forget_one(&mut self) {
        let longest = self.principals.iter().min_by_key(|(_, habits)| habits.days.last().copied());
        if let Some(name) = longest.map(|(name, _)| name.clone()) {
            self.principals.remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { principals: 3, actions: 5, known_days: 2, memory_days: 30, habit_days: 2 };

    #[test]
    fn new_only_after_the_principal_is_known() {
        let mut baseline = Baseline::default();
        let mut first_time = |action: &str, day: i64| baseline.observe("p", action, day, &LIMITS).first_time;
        assert!(!first_time("a", 1), "nothing is known on the first day");
        assert!(!first_time("b", 2), "one day is not enough");
        assert!(!first_time("a", 3), "a habit");
        assert!(first_time("c", 3), "known for two days, and never did this");
        assert!(!first_time("c", 3), "no longer new");
        assert!(first_time("a", 40), "forgotten after a month");
        assert_eq!(baseline.habits("p").count(), 3);
    }

    #[test]
    fn a_habit_takes_days_and_not_calls() {
        let mut baseline = Baseline::default();
        let mut habit = |day: i64| baseline.observe("p", "a", day, &LIMITS).habit;
        assert!(!(0..50).any(|_| habit(1)), "fifty times on one day");
        assert!(!habit(2), "one earlier day");
        assert!(habit(3) && habit(3), "two earlier days");
        assert!(!habit(40), "forgotten after a month, and begun anew");
        assert!(!habit(41));
        assert!(habit(42));
    }

    #[test]
    fn what_teaches_nothing_says_so_and_changes_nothing() {
        let mut baseline = Baseline::default();
        assert!(baseline.observe("p", "a", 5, &LIMITS).learned);
        assert!(!baseline.observe("p", "a", 5, &LIMITS).learned, "the same day");
        assert!(baseline.observe("p", "a", 6, &LIMITS).learned, "another day");
        baseline.observe("p", "a", 7, &LIMITS);
        let before = baseline.clone();
        assert!(!baseline.observe("p", "a", 1, &LIMITS).learned, "older than all days that are kept");
        assert_eq!(baseline, before);
    }

    proptest::proptest! {
        #[test]
        fn memory_is_bounded(calls in proptest::collection::vec((0_u8..20, 0_u8..20, 0_i64..400), 0..300)) {
            let mut baseline = Baseline::default();
            for (who, what, day) in calls {
                baseline.observe(&who.to_string(), &what.to_string(), day, &LIMITS);
                proptest::prop_assert!(baseline.len() <= LIMITS.principals);
                proptest::prop_assert!(baseline.habits(&who.to_string()).count() <= LIMITS.actions);
                proptest::prop_assert!(baseline.principals[&who.to_string()].days.len() <= LIMITS.known_days + 1);
            }
        }
    }
}
