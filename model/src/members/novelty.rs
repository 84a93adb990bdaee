use crate::calendar::HOUR;

use super::{History, Levels};

/// Shapes compared: length of a block in seconds, number of blocks, and how recent an earlier shape may be.
const SHAPES: [(i64, usize, i64); 4] =
    [(HOUR / 12, 6, 3 * HOUR), (HOUR / 4, 8, 6 * HOUR), (HOUR / 2, 8, 8 * HOUR), (HOUR, 6, 12 * HOUR)];

/// Earlier shapes needed.
const ENOUGH: usize = 24;

/// Readings are a few hundredths of the spread; the tails count from a quarter.
pub(super) const MAGNIFY: f32 = 16.0;

/// Distance of the newest shape of each length from its nearest neighbour in the remembered past (a one-sided discord of the
/// matrix profile, Yeh and others, ICDM 2016, on means of blocks and without normalising the level away), in units of the
/// trailing days' spread. NaN where the past is too short.
pub(super) fn read(history: &History<'_>, levels: &Levels) -> [f32; SHAPES.len()] {
    let unit = levels.long.unit(1.0);
    let mut means = Vec::with_capacity(history.len());
    let mut distances = Vec::with_capacity(history.len());
    SHAPES.map(|(block, blocks, apart)| {
        let length = history.slots_in(block);
        let stride = stride(length);
        history.means_backwards(length, stride, &mut means);
        let apart = history.slots_in(apart).max(length * blocks).div_ceil(stride);
        let nearest = nearest(&means, length / stride, blocks, apart, ENOUGH.div_ceil(stride), &mut distances);
        nearest.map_or(f32::NAN, |distance| distance / unit * MAGNIFY)
    })
}

/// Earlier shapes are tried at every third of a block, or the next finer step that divides it.
fn stride(length: usize) -> usize {
    (1..=length / 3).rev().find(|stride| length.is_multiple_of(*stride)).unwrap_or(1)
}

/// Root mean square distance of the newest shape from the nearest of those at least `apart` steps ago. `means` runs backwards in
/// time; the blocks of one shape are `block` steps apart in it.
fn nearest(
    means: &[f32],
    block: usize,
    blocks: usize,
    apart: usize,
    enough: usize,
    distances: &mut Vec<f32>,
) -> Option<f32> {
    let span = (blocks - 1) * block;
    let candidates = means.len().checked_sub(span + apart).filter(|&candidates| candidates >= enough.max(1))?;
    distances.clear();
    distances.resize(candidates, 0.0);
    for place in (0..=span).step_by(block) {
        let query = means[place];
        if query.is_nan() {
            return None;
        }
        for (distance, mean) in distances.iter_mut().zip(&means[apart + place..]) {
            let difference = mean - query;
            *distance += difference * difference;
        }
    }
    // A shape with a hole in it is NaN here, and nobody's neighbour: NaN is never smaller.
    let smallest = |lanes: [f32; 8], chunk: &[f32]| {
        std::array::from_fn(|lane| if chunk[lane] < lanes[lane] { chunk[lane] } else { lanes[lane] })
    };
    let chunks = distances.chunks_exact(8);
    let rest = chunks.remainder().iter().copied();
    let lanes = chunks.fold([f32::INFINITY; 8], smallest);
    let nearest = rest.chain(lanes).fold(f32::INFINITY, |a, b| if b < a { b } else { a });
    nearest.is_finite().then(|| (nearest / blocks as f32).sqrt())
}
