use crate::calendar::HOUR;

use super::{History, Levels};

/// Shapes compared.
const SHAPES: usize = 4;

/// Earlier shapes needed.
const ENOUGH: usize = 24;

/// Candidates compared at once.
const LANES: usize = 8;

/// Readings are a few hundredths of the spread; the tails count from a quarter.
pub(super) const MAGNIFY: f32 = 16.0;

/// Distance of the newest shape of each length from its nearest neighbour in the remembered past (a one-sided discord of the
/// matrix profile, Yeh and others, ICDM 2016, on means of blocks and without normalising the level away), in units of the
/// trailing days' spread. NaN where the past is too short.
pub(super) fn read(history: &History<'_>, levels: &Levels) -> [f32; SHAPES] {
    let mut means = Vec::with_capacity(history.len());
    let nearest = [
        discord::<6>(history, HOUR / 12, 3 * HOUR, &mut means),
        discord::<8>(history, HOUR / 4, 6 * HOUR, &mut means),
        discord::<8>(history, HOUR / 2, 8 * HOUR, &mut means),
        discord::<6>(history, HOUR, 12 * HOUR, &mut means),
    ];
    let unit = levels.long.unit(1.0);
    nearest.map(|nearest| nearest.map_or(f32::NAN, |distance| distance / unit * MAGNIFY))
}

/// Distance of the newest shape of `BLOCKS` blocks of `block` seconds from its nearest neighbour at least `apart` seconds ago.
fn discord<const BLOCKS: usize>(history: &History<'_>, block: i64, apart: i64, means: &mut Vec<f32>) -> Option<f32> {
    let length = history.slots_in(block);
    let stride = stride(length);
    let means = history.means(length, stride, means);
    let apart = history.slots_in(apart).max(length * BLOCKS).div_ceil(stride);
    nearest::<BLOCKS>(means, length / stride, apart, ENOUGH.div_ceil(stride))
}

/// Earlier shapes are tried at every third of a block, or the next finer step that divides it.
fn stride(length: usize) -> usize {
    (1..=length / 3).rev().find(|stride| length.is_multiple_of(*stride)).unwrap_or(1)
}

/// Root mean square distance of the newest shape of `BLOCKS` blocks, which end `block` steps apart in `means`, from the nearest of
/// those at least `apart` steps ago.
fn nearest<const BLOCKS: usize>(means: &[f32], block: usize, apart: usize, enough: usize) -> Option<f32> {
    let span = (BLOCKS - 1) * block;
    let candidates = means.len().checked_sub(span + apart).filter(|&candidates| candidates >= enough.max(1))?;
    let query: [f32; BLOCKS] = std::array::from_fn(|place| means[means.len() - 1 - place * block]);
    if query.iter().any(|mean| mean.is_nan()) {
        return None;
    }
    let blocks: [&[f32]; BLOCKS] = std::array::from_fn(|place| &means[span - place * block..][..candidates]);
    let squared = |candidate: usize| {
        let differences = blocks.iter().zip(query).map(|(block, query)| block[candidate] - query);
        differences.fold(0.0, |sum, difference| sum + difference * difference)
    };
    let smallest = |a: f32, b: f32| if b < a { b } else { a };
    // A shape with a hole in it is NaN here, and nobody's neighbour: NaN is never smaller.
    let whole = candidates - candidates % LANES;
    let rest = (whole..candidates).map(squared).fold(f32::INFINITY, smallest);
    let mut lanes = [f32::INFINITY; LANES];
    for first in (0..whole).step_by(LANES) {
        let mut distances = [0.0_f32; LANES];
        for (block, query) in blocks.iter().zip(query) {
            for (distance, mean) in distances.iter_mut().zip(&block[first..first + LANES]) {
                let difference = mean - query;
                *distance += difference * difference;
            }
        }
        for (lane, distance) in lanes.iter_mut().zip(distances) {
            *lane = smallest(*lane, distance);
        }
    }
    let nearest = lanes.into_iter().fold(rest, smallest);
    nearest.is_finite().then(|| (nearest / BLOCKS as f32).sqrt())
}
