//! The members: small judges that each look at a series' newest slot in one way.
//!
//! A member gives a *reading*, a deviation in its own units. What a reading is worth is decided by the series' own past
//! ([`crate::tail`]), not here.

mod history;
mod level;
mod local;
mod novelty;
mod picture;
mod rhythm;

pub(crate) use history::History;
pub(crate) use level::Levels;
pub(crate) use local::{LOCALS, Local, LocalErrors, RECENT};
pub(crate) use rhythm::{RHYTHMS, Rhythm};

use serde::{Deserialize, Serialize};

use crate::forest::FeatureVector;
use crate::model::Model;
use crate::state::SeriesState;

/// Number of members.
pub const MEMBERS: usize = 15;

/// Tails kept: two for members whose readings have a sign, one for the others.
pub(crate) const TAILS: usize = 2 * SIGNED + (MEMBERS - SIGNED);

/// The first members' readings are signed.
const SIGNED: usize = 10;

/// What a member looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Member {
    /// The newest slot against the trailing day.
    LevelNow,
    /// The last half hour against the trailing day.
    LevelHalfHour,
    /// The last two hours against the trailing four days.
    LevelTwoHours,
    /// The last six hours against the trailing four days.
    LevelSixHours,
    /// The newest slot against the same time of earlier days.
    RhythmNow,
    /// The last hour against the same hour of earlier days.
    RhythmHour,
    /// The last three hours against the same hours of earlier days.
    RhythmThreeHours,
    /// The newest slot against everything remembered.
    Range,
    /// The newest row, at the series' own period, against the rows just before it.
    LocalPoint,
    /// The mean of the last few rows against those just before them.
    LocalStep,
    /// The shape of the last half hour against every earlier one.
    ShapeHalfHour,
    /// The shape of the last two hours.
    ShapeTwoHours,
    /// The shape of the last four hours.
    ShapeFourHours,
    /// The shape of the last six hours.
    ShapeSixHours,
    /// The isolation forest's opinion of the joint picture.
    Forest,
}

impl Member {
    /// All members, in the order of readings and weights.
    pub const ALL: [Self; MEMBERS] = [
        Self::LevelNow,
        Self::LevelHalfHour,
        Self::LevelTwoHours,
        Self::LevelSixHours,
        Self::RhythmNow,
        Self::RhythmHour,
        Self::RhythmThreeHours,
        Self::Range,
        Self::LocalPoint,
        Self::LocalStep,
        Self::ShapeHalfHour,
        Self::ShapeTwoHours,
        Self::ShapeFourHours,
        Self::ShapeSixHours,
        Self::Forest,
    ];

    /// Place in [`Self::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }

    /// The tail that a reading of this member belongs to, and the opposite one of a signed member.
    pub(crate) fn tail(self, reading: f32) -> usize {
        let index = self.index();
        if index < SIGNED { 2 * index + usize::from(reading < 0.0) } else { SIGNED + index }
    }
}

/// What all members say of the newest slot.
#[derive(Debug, Clone)]
pub(crate) struct Readings {
    /// NaN where a member has too little history.
    pub(crate) values: [f32; MEMBERS],
    pub(crate) levels: Levels,
    pub(crate) rhythm: Option<Rhythm>,
    pub(crate) local: Option<Local>,
    pub(crate) forest: f64,
}

/// Asks every member about the newest slot; `None` while there is no trailing day to compare with.
pub(crate) fn read(state: &SeriesState, model: &Model) -> Option<Readings> {
    let history = History::new(state);
    let levels = Levels::read(&history)?;
    let rhythm = Rhythm::read(&history, &state.rhythm_error, state.rhythm_count);
    let shapes = novelty::read(&history, &levels);
    let vector = picture::vector(&history, &levels, rhythm.as_ref(), shapes[1]);
    let forest = model.forest_score(&vector);
    let local = Local::read(&history, state.recent(), state.period(), &state.local_errors);
    let of_local = |place: usize| local.as_ref().map_or(f32::NAN, |local| local.deviations[place]);
    let of_rhythm = |place: usize| rhythm.as_ref().map_or(f32::NAN, |rhythm| rhythm.deviations[place]);
    let values = [
        levels.deviations[0],
        levels.deviations[1],
        levels.deviations[2],
        levels.deviations[3],
        of_rhythm(0),
        of_rhythm(1),
        of_rhythm(2),
        levels.range,
        of_local(0),
        of_local(1),
        shapes[0],
        shapes[1],
        shapes[2],
        shapes[3],
        picture::odds(forest),
    ];
    Some(Readings { values, levels, rhythm, local, forest })
}

/// The forest's features of the newest slot, for training.
pub(crate) fn feature_vector(state: &SeriesState) -> Option<FeatureVector> {
    let history = History::new(state);
    let levels = Levels::read(&history)?;
    let rhythm = Rhythm::read(&history, &state.rhythm_error, state.rhythm_count);
    let shapes = novelty::read(&history, &levels);
    Some(picture::vector(&history, &levels, rhythm.as_ref(), shapes[1]))
}
