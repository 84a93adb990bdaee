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
    has_gaps: bool,
}

impl<'s> History<'s> {
    pub(crate) fn new(state: &'s SeriesState) -> Self {
        let slots = state.slots();
        let mut sums = vec![0.0_f64; slots.len() + 1];
        let mut counts = vec![0_u16; slots.len() + 1];
        let (mut sum, mut count) = (0.0_f64, 0_u16);
        for ((slot, sum_to), count_to) in slots.iter().zip(&mut sums[1..]).zip(&mut counts[1..]) {
            if !slot.is_nan() {
                sum += f64::from(*slot);
                count += 1;
            }
            *sum_to = sum;
            *count_to = count;
        }
        let has_gaps = usize::from(count) < slots.len();
        Self { state, slots, sums, counts, has_gaps }
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

    /// Means of stretches of `length` slots, newest first: the one that ends now, the one that ended `stride` slots ago, and so on.
    /// NaN where a stretch has no value.
    pub(crate) fn means_backwards(&self, length: usize, stride: usize, means: &mut Vec<f32>) {
        means.clear();
        if length == 1 && stride == 1 {
            means.extend(self.slots.iter().rev());
            return;
        }
        let starts = self.sums.len().saturating_sub(length);
        if self.has_gaps {
            let ends = (length..self.sums.len()).rev().step_by(stride);
            means.extend(ends.map(|end| self.mean_between(end - length, end)));
        } else {
            let pairs = self.sums[length.min(self.sums.len())..].iter().rev().zip(self.sums[..starts].iter().rev());
            let share = 1.0 / length as f64;
            let mean = |(end, start): (&f64, &f64)| ((end - start) * share) as f32;
            // Without `step_by` the loop is vectorised.
            if stride == 1 { means.extend(pairs.map(mean)) } else { means.extend(pairs.step_by(stride).map(mean)) }
        }
    }

    fn mean_between(&self, start: usize, end: usize) -> f32 {
        let number = self.counts[end] - self.counts[start];
        if number == 0 { f32::NAN } else { ((self.sums[end] - self.sums[start]) / f64::from(number)) as f32 }
    }
}
