use std::collections::VecDeque;

use extended_isolation_forest::{Forest, ForestOptions as CrateOptions};
use serde::{Deserialize, Serialize};

use super::flat::{FlatForest, ForestDefect, LEAF, MAX_AXES, Node};
use super::{DIMENSIONS, FeatureVector};

/// How a forest is grown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForestOptions {
    /// Number of trees, 1..=1000.
    pub trees: u16,
    /// Observations each tree is grown from, 2..=4096; depth is its base-2 logarithm.
    pub sample_size: u16,
    /// 0 cuts along one axis, `n` along `n + 1` at once; at most 2.
    pub extension_level: u8,
}

impl Default for ForestOptions {
    fn default() -> Self {
        Self { trees: 100, sample_size: 256, extension_level: 2 }
    }
}

/// Why no forest could be grown.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlantError {
    /// An option outside its range.
    #[error("forest options out of range: {0:?}")]
    Options(ForestOptions),
    /// Fewer observations than one tree needs.
    #[error("{have} usable observations, a tree needs {need}")]
    TooFew {
        /// Observations given.
        have: usize,
        /// Observations a tree needs.
        need: usize,
    },
    /// The crate's serialised form is not what version 0.2.3 writes.
    #[error("the forest crate's form was not understood: {0}")]
    Form(String),
    /// The result does not pass the checks every loaded forest passes.
    #[error(transparent)]
    Defect(#[from] ForestDefect),
}

/// A grown forest in both forms: the crate's, to compare with, and the flat one, to keep.
pub struct Planted {
    /// As the crate built it.
    pub original: Forest<f32, DIMENSIONS>,
    /// The same trees, laid out flat.
    pub flat: FlatForest,
}

impl std::fmt::Debug for Planted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planted").field("flat", &self.flat).finish_non_exhaustive()
    }
}

/// Grows a forest. The observations must have gone through [`super::quantise`]: the crate panics on NaN and hangs on columns
/// that differ by rounding, so anything off the grid is put on it here once more.
///
/// The crate draws from its thread's generator and takes no seed: two calls give two forests.
pub fn plant(observations: &[FeatureVector], options: &ForestOptions) -> Result<Planted, PlantError> {
    let in_range = (1..=1000).contains(&options.trees)
        && (2..=4096).contains(&options.sample_size)
        && usize::from(options.extension_level) < MAX_AXES;
    if !in_range {
        return Err(PlantError::Options(*options));
    }
    let need = usize::from(options.sample_size);
    if observations.len() < need {
        return Err(PlantError::TooFew { have: observations.len(), need });
    }
    let safe: Vec<FeatureVector> =
        observations.iter().map(|row| row.map(|value| super::quantise(f64::from(value)))).collect();
    let crate_options = CrateOptions {
        n_trees: usize::from(options.trees),
        sample_size: need,
        max_tree_depth: None,
        extension_level: usize::from(options.extension_level),
    };
    let original = Forest::from_slice(&safe, &crate_options).map_err(|error| PlantError::Form(error.to_string()))?;
    let flat = flatten(&original, options.sample_size)?;
    Ok(Planted { original, flat })
}

/// What the crate serialises; its fields are private, its serde form is public.
#[derive(Deserialize)]
struct SerialForest {
    trees: Vec<SerialTree>,
}

#[derive(Deserialize)]
struct SerialTree {
    root: SerialNode,
}

#[derive(Deserialize)]
enum SerialNode {
    Ex { num_samples: usize },
    In { left: Box<SerialNode>, right: Box<SerialNode>, n: FeatureVector, p: FeatureVector },
}

fn flatten(forest: &Forest<f32, DIMENSIONS>, sample_size: u16) -> Result<FlatForest, PlantError> {
    let form = |error: serde_json::Error| PlantError::Form(error.to_string());
    let value = serde_json::to_value(forest).map_err(form)?;
    let serial: SerialForest = serde_json::from_value(value).map_err(form)?;
    let mut nodes = Vec::new();
    let mut roots = Vec::with_capacity(serial.trees.len());
    for tree in &serial.trees {
        roots.push(nodes.len() as u32);
        lay_out(&tree.root, &mut nodes)?;
    }
    Ok(FlatForest::new(nodes, roots, sample_size)?)
}

/// Breadth first: the top of a tree, which every walk visits, shares cache lines.
fn lay_out(root: &SerialNode, nodes: &mut Vec<Node>) -> Result<(), PlantError> {
    let mut queue = VecDeque::from([root]);
    let mut next: u16 = 1;
    while let Some(node) = queue.pop_front() {
        let SerialNode::In { left, right, n, p } = node else {
            return Err(PlantError::Form("a tree without a single cut".into()));
        };
        let mut child = |child: &SerialNode| -> u16 {
            if let SerialNode::Ex { num_samples } = child {
                LEAF | *num_samples as u16
            } else {
                next += 1;
                next - 1
            }
        };
        let (left_at, right_at) = (child(left), child(right));
        nodes.push(cut(n, p, left_at, right_at));
        queue.extend([left, right].into_iter().map(Box::as_ref).filter(|child| matches!(child, SerialNode::In { .. })));
    }
    Ok(())
}

/// Keeps the coordinates that count, in ascending order.
fn cut(n: &FeatureVector, p: &FeatureVector, left: u16, right: u16) -> Node {
    let mut node = Node { weights: [0.0; MAX_AXES], intercepts: [0.0; MAX_AXES], axes: [0; MAX_AXES], left, right };
    let active = (0..DIMENSIONS).filter(|&axis| n[axis] != 0.0).take(MAX_AXES);
    for (place, axis) in active.enumerate() {
        node.weights[place] = n[axis];
        node.intercepts[place] = p[axis];
        node.axes[place] = axis as u8;
    }
    node
}
