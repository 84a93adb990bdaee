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
        // Four at a time: only one addition in four waits for the one before.
        for ((four, sums_to), counts_to) in slots.chunks(4).zip(sums[1..].chunks_mut(4)).zip(counts[1..].chunks_mut(4))
        {
            let (mut part, mut there) = (0.0_f64, 0_u16);
            for ((slot, sum_to), count_to) in four.iter().zip(sums_to).zip(counts_to) {
                part += if slot.is_nan() { 0.0 } else { f64::from(*slot) };
                there += u16::from(!slot.is_nan());
                *sum_to = sum + part;
                *count_to = count + there;
            }
            sum += part;
            count += there;
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

    /// Means of stretches of `length` slots, oldest first: the last one ends now, the one before it `stride` slots ago, and so on.
    /// NaN where a stretch has no value. `means` is where they are put unless they are the slots themselves.
    pub(crate) fn means<'m>(&self, length: usize, stride: usize, means: &'m mut Vec<f32>) -> &'m [f32]
    where
        's: 'm,
    {
        if length == 1 && stride == 1 {
            return self.slots;
        }
        means.clear();
        let starts = self.sums.len().saturating_sub(length);
        // The last stretch ends with the newest slot.
        let first = (starts.saturating_sub(1) % stride).min(starts);
        if self.has_gaps {
            means.extend((first..starts).step_by(stride).map(|start| self.mean_between(start, start + length)));
        } else {
            let share = 1.0 / length as f64;
            let mean = |(start, end): (&f64, &f64)| ((end - start) * share) as f32;
            let ends = &self.sums[self.sums.len() - starts..];
            means.extend(self.sums[first..starts].iter().zip(&ends[first..]).map(mean));
            // Thinned out afterwards: the loop above is vectorised, with `step_by` it would not be.
            let kept = means.len().div_ceil(stride);
            for place in 1..kept {
                means[place] = means[place * stride];
            }
            means.truncate(kept);
        }
        means
    }

    fn mean_between(&self, start: usize, end: usize) -> f32 {
        let number = self.counts[end] - self.counts[start];
        if number == 0 { f32::NAN } else { ((self.sums[end] - self.sums[start]) / f64::from(number)) as f32 }
    }
}
