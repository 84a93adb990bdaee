use crate::state::SeriesState;

/// The remembered slots with running sums, so that the mean of any stretch costs two subtractions.
///
/// Times are counted backwards from the newest slot: 0 is now.
#[derive(Debug)]
pub(crate) struct History<'s> {
    state: &'s SeriesState,
    slots: &'s [f32],
    /// `sums[i]` is the sum of the first `i` slots that have a value, `counts[i]` their number.
    sums: Vec<f64>,
    counts: Vec<u16>,
}

impl<'s> History<'s> {
    pub(crate) fn new(state: &'s SeriesState) -> Self {
        let slots = state.slots();
        let mut sums = Vec::with_capacity(slots.len() + 1);
        let mut counts = Vec::with_capacity(slots.len() + 1);
        let (mut sum, mut count) = (0.0_f64, 0_u16);
        sums.push(sum);
        counts.push(count);
        for slot in slots {
            let there = !slot.is_nan();
            sum += if there { f64::from(*slot) } else { 0.0 };
            count += u16::from(there);
            sums.push(sum);
            counts.push(count);
        }
        Self { state, slots, sums, counts }
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Slots of a duration, rounded, at least one.
    pub(crate) fn slots_in(&self, seconds: i64) -> usize {
        self.state.slots_in(seconds)
    }

    pub(crate) fn slot_seconds(&self) -> i64 {
        self.state.slot_seconds()
    }

    pub(crate) fn at(&self, back: usize) -> f32 {
        self.slots.len().checked_sub(back + 1).map_or(f32::NAN, |index| self.slots[index])
    }

    /// The `length` slots that end `back` slots before the newest; fewer where history begins.
    pub(crate) fn window(&self, back: usize, length: usize) -> &'s [f32] {
        let end = self.slots.len().saturating_sub(back);
        &self.slots[end.saturating_sub(length)..end]
    }

    /// Mean of the `length` slots that end `back` slots before the newest; NaN where there is no value.
    pub(crate) fn mean(&self, back: usize, length: usize) -> f32 {
        let end = self.slots.len().saturating_sub(back);
        self.mean_between(end.saturating_sub(length), end)
    }

    /// Means of all full stretches of `length` slots, oldest first: the first one ends at slot `length - 1`.
    pub(crate) fn means(&self, length: usize) -> Vec<f32> {
        if length == 1 {
            return self.slots.to_vec();
        }
        let ends = self.sums.iter().zip(&self.counts).skip(length);
        let starts = self.sums.iter().zip(&self.counts);
        ends.zip(starts)
            .map(|((end, last), (start, first))| {
                let number = last - first;
                if number == 0 { f32::NAN } else { ((end - start) / f64::from(number)) as f32 }
            })
            .collect()
    }

    fn mean_between(&self, start: usize, end: usize) -> f32 {
        let number = self.counts[end] - self.counts[start];
        if number == 0 { f32::NAN } else { ((self.sums[end] - self.sums[start]) / f64::from(number)) as f32 }
    }
}
