use super::{DIMENSIONS, FeatureVector};

/// A hyperplane looks at this many coordinates at most (extension level 2), which keeps a node at 32 bytes.
pub(super) const MAX_AXES: usize = 3;

/// Bytes of one stored node: three weights, three intercepts, three axes and a pad, two children.
const NODE_BYTES: usize = 4 * MAX_AXES * 2 + 4 + 4;

/// A child reference with this bit set is a leaf; the other bits are the number of training samples that ended there.
pub(super) const LEAF: u16 = 1 << 15;

/// Trees deeper than this are refused: the walk is bounded whatever the artifact says.
const MAX_DEPTH: usize = 32;

/// How many trees are walked side by side, so that their cache misses overlap.
const LANES: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Node {
    pub(super) weights: [f32; MAX_AXES],
    pub(super) intercepts: [f32; MAX_AXES],
    /// Ascending, as the crate sums them; unused places repeat an axis with weight 0.
    pub(super) axes: [u8; MAX_AXES],
    pub(super) left: u16,
    pub(super) right: u16,
}

/// An isolation forest in one contiguous array: loading is a copy, scoring is a walk over indices.
///
/// It scores exactly what the crate `extended-isolation-forest` scores for the same forest (a test compares the bits): the same
/// sums in the same order, with the terms that the crate multiplies by zero left out.
#[derive(Debug, Clone, PartialEq)]
pub struct FlatForest {
    /// All trees, one after another; children are counted from their tree's first node.
    nodes: Vec<Node>,
    /// First node of each tree. A tree that is a single leaf cannot occur: a sample has at least two members.
    roots: Vec<u32>,
    sample_size: u16,
    /// Path length by `depth * (sample_size + 1) + samples`, added up in the crate's order.
    path_lengths: Vec<f64>,
}

/// Why bytes are not a forest.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ForestDefect {
    /// The header announces more than there is.
    #[error("the forest is cut short: {need} bytes announced, {have} present")]
    Short {
        /// Bytes announced.
        need: usize,
        /// Bytes present.
        have: usize,
    },
    /// No trees, no samples, or an extent no forest of ours has.
    #[error("the forest has an impossible shape: {trees} trees of {samples} samples")]
    Shape {
        /// Trees announced.
        trees: u32,
        /// Samples per tree announced.
        samples: u16,
    },
    /// A child points outside its tree or backwards, or an axis does not exist, or a number is not finite.
    #[error("node {node} of the forest is broken")]
    Node {
        /// Index of the node over the whole forest.
        node: usize,
    },
}

impl FlatForest {
    pub(super) fn new(nodes: Vec<Node>, roots: Vec<u32>, sample_size: u16) -> Result<Self, ForestDefect> {
        let forest = Self { nodes, roots, sample_size, path_lengths: path_lengths(sample_size) };
        forest.check()?;
        Ok(forest)
    }

    /// Number of trees.
    pub fn trees(&self) -> usize {
        self.roots.len()
    }

    /// Samples each tree was grown from.
    pub fn sample_size(&self) -> u16 {
        self.sample_size
    }

    /// Anomaly score in 0..=1 (formula 1 of the paper): `2^(-E(h(x)) / c(n))`, 0.5 for a point like the training data's bulk.
    ///
    /// The features must be finite: [`super::quantise`] sees to that.
    pub fn score(&self, features: &FeatureVector) -> f64 {
        let mut total = 0.0;
        let mut roots = self.roots.chunks_exact(LANES);
        for lane_roots in roots.by_ref() {
            for length in self.walk::<LANES>(lane_roots, features) {
                total += length;
            }
        }
        for root in roots.remainder() {
            total += self.walk::<1>(&[*root], features)[0];
        }
        let mean = total / self.roots.len() as f64;
        2.0_f64.powf(-mean / average_path_length(usize::from(self.sample_size)))
    }

    fn walk<const L: usize>(&self, roots: &[u32], features: &FeatureVector) -> [f64; L] {
        let mut at = [0_u16; L];
        let mut depth = [0_usize; L];
        loop {
            let mut walking = false;
            for lane in 0..L {
                if at[lane] & LEAF != 0 {
                    continue;
                }
                let node = &self.nodes[roots[lane] as usize + usize::from(at[lane])];
                at[lane] = if side(node, features) <= 0.0 { node.left } else { node.right };
                depth[lane] += 1;
                walking = true;
            }
            if !walking {
                break;
            }
        }
        let stride = usize::from(self.sample_size) + 1;
        std::array::from_fn(|lane| self.path_lengths[depth[lane] * stride + usize::from(at[lane] & !LEAF)])
    }

    /// Number of bytes [`Self::to_bytes`] gives.
    pub fn byte_len(&self) -> usize {
        12 + self.roots.len() * 4 + self.nodes.len() * NODE_BYTES
    }

    /// Little-endian: trees (u32), nodes (u32), samples (u16), 0 (u16), roots (u32 each), nodes (32 bytes each).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.byte_len());
        out.extend_from_slice(&(self.roots.len() as u32).to_le_bytes());
        out.extend_from_slice(&(self.nodes.len() as u32).to_le_bytes());
        out.extend_from_slice(&self.sample_size.to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        for root in &self.roots {
            out.extend_from_slice(&root.to_le_bytes());
        }
        for node in &self.nodes {
            for number in node.weights.iter().chain(&node.intercepts) {
                out.extend_from_slice(&number.to_le_bytes());
            }
            out.extend_from_slice(&node.axes);
            out.push(0);
            out.extend_from_slice(&node.left.to_le_bytes());
            out.extend_from_slice(&node.right.to_le_bytes());
        }
        out
    }

    /// Reads what [`Self::to_bytes`] wrote and checks every reference, so that scoring cannot leave the array or loop.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ForestDefect> {
        let have = bytes.len();
        let Some((header, body)) = bytes.split_at_checked(12) else {
            return Err(ForestDefect::Short { need: 12, have });
        };
        let trees = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
        let count = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        let sample_size = u16::from_le_bytes([header[8], header[9]]);
        if trees == 0 || trees > 10_000 || count > 10_000_000 || !(2..LEAF).contains(&sample_size) {
            return Err(ForestDefect::Shape { trees, samples: sample_size });
        }
        let need = trees as usize * 4 + count as usize * NODE_BYTES;
        let Some((roots, rest)) = body.split_at_checked(trees as usize * 4) else {
            return Err(ForestDefect::Short { need: need + 12, have });
        };
        if rest.len() != count as usize * NODE_BYTES {
            return Err(ForestDefect::Short { need: need + 12, have });
        }
        let roots = roots.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let nodes = rest.chunks_exact(NODE_BYTES).map(read_node).collect();
        Self::new(nodes, roots, sample_size)
    }

    fn check(&self) -> Result<(), ForestDefect> {
        let shape = || ForestDefect::Shape { trees: self.roots.len() as u32, samples: self.sample_size };
        if self.roots.first() != Some(&0) || self.sample_size < 2 || self.sample_size >= LEAF {
            return Err(shape());
        }
        let ends = self.roots.iter().skip(1).copied().chain([self.nodes.len() as u32]);
        for (&start, end) in self.roots.iter().zip(ends) {
            let (start, end) = (start as usize, end as usize);
            if start >= end || end > self.nodes.len() || end - start >= usize::from(LEAF) {
                return Err(shape());
            }
            self.check_tree(start, end)?;
        }
        Ok(())
    }

    /// Children come after their parent, so one pass settles the depth of every node.
    fn check_tree(&self, start: usize, end: usize) -> Result<(), ForestDefect> {
        let mut depth = vec![0_usize; end - start];
        for index in 0..end - start {
            let node = &self.nodes[start + index];
            let broken = Err(ForestDefect::Node { node: start + index });
            let finite = node.weights.iter().chain(&node.intercepts).all(|number| number.is_finite());
            if !finite || node.axes.iter().any(|&axis| usize::from(axis) >= DIMENSIONS) {
                return broken;
            }
            for child in [node.left, node.right] {
                if child & LEAF != 0 {
                    if child & !LEAF > self.sample_size {
                        return broken;
                    }
                } else if usize::from(child) <= index || usize::from(child) >= end - start {
                    return broken;
                } else {
                    depth[usize::from(child)] = depth[index] + 1;
                }
            }
            if depth[index] + 1 > MAX_DEPTH {
                return broken;
            }
        }
        Ok(())
    }
}

fn side(node: &Node, features: &FeatureVector) -> f32 {
    let mut sum = 0.0;
    for axis in 0..MAX_AXES {
        let value = features[usize::from(node.axes[axis]) % DIMENSIONS];
        sum += (value - node.intercepts[axis]) * node.weights[axis];
    }
    sum
}

fn read_node(bytes: &[u8]) -> Node {
    let float = |at: usize| f32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    Node {
        weights: [float(0), float(4), float(8)],
        intercepts: [float(12), float(16), float(20)],
        axes: [bytes[24], bytes[25], bytes[26]],
        left: u16::from_le_bytes([bytes[28], bytes[29]]),
        right: u16::from_le_bytes([bytes[30], bytes[31]]),
    }
}

/// Average path length of an unsuccessful search in a binary search tree of `n` (formula 2 of the paper).
fn average_path_length(n: usize) -> f64 {
    let n = n as f64;
    2.0 * ((n - 1.0).ln() + 0.577_215_664_9) - 2.0 * (n - 1.0) / n
}

/// The crate adds 1 per level on the way back from the leaf; floating-point sums depend on that order.
fn path_lengths(sample_size: u16) -> Vec<f64> {
    let leaf = |n: usize| if n <= 1 { 0.0 } else { average_path_length(n) };
    let mut row: Vec<f64> = (0..=usize::from(sample_size)).map(leaf).collect();
    let mut all = Vec::with_capacity(row.len() * (MAX_DEPTH + 1));
    for _ in 0..=MAX_DEPTH {
        all.extend_from_slice(&row);
        for length in &mut row {
            *length += 1.0;
        }
    }
    all
}
