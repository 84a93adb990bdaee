use crate::calendar::HOUR;

use super::{History, Levels};

/// Shapes compared: length of a block in seconds, number of blocks, and how recent an earlier shape may be.
const SHAPES: [(i64, usize, i64); 4] =
    [(HOUR / 12, 6, 3 * HOUR), (HOUR / 4, 8, 6 * HOUR), (HOUR / 2, 8, 8 * HOUR), (HOUR, 6, 12 * HOUR)];

/// Earlier shapes needed.
const ENOUGH: usize = 24;

/// Readings are a few hundredths of the spread; the tails count from a quarter.
const MAGNIFY: f32 = 16.0;

/// Distance of the newest shape of each length from its nearest neighbour in the remembered past (a one-sided discord of the
/// matrix profile, Yeh and others, ICDM 2016, on means of blocks and without normalising the level away), in units of the
/// trailing days' spread. NaN where the past is too short.
pub(super) fn read(history: &History<'_>, levels: &Levels) -> [f32; SHAPES.len()] {
    let unit = levels.long.unit(1.0);
    SHAPES.map(|(block, blocks, apart)| {
        let length = history.slots_in(block);
        let apart = history.slots_in(apart).max(length * blocks);
        nearest(history, length, blocks, apart).map_or(f32::NAN, |distance| distance / unit * MAGNIFY)
    })
}

/// Root mean square distance of the newest `blocks` block means from the nearest earlier ones.
fn nearest(history: &History<'_>, length: usize, blocks: usize, apart: usize) -> Option<f32> {
    let span = length * blocks;
    // Index of a shape: that of its newest slot. The oldest whole one ends at `span - 1`, the newest allowed `apart` ago.
    let newest = history.len().checked_sub(1 + apart)?;
    if newest < span + ENOUGH {
        return None;
    }
    let means = history.means(length);
    let stride = (length / 3).max(1);
    let candidates = (newest - span) / stride + 1;
    let mut distances = vec![0.0_f32; candidates];
    for block in 0..blocks {
        // `means[i]` ends at slot `i + length - 1`.
        let query = means[history.len() - length - block * length];
        if query.is_nan() {
            return None;
        }
        let first = newest + 1 - length - block * length - (candidates - 1) * stride;
        for (distance, mean) in distances.iter_mut().zip(means[first..].iter().step_by(stride)) {
            let apart = mean - query;
            *distance += apart * apart;
        }
    }
    // `f32::min` passes over NaN: a shape with a hole in it is nobody's neighbour.
    let nearest = distances.iter().copied().fold(f32::INFINITY, f32::min);
    nearest.is_finite().then(|| (nearest / blocks as f32).sqrt())
}
