//! The tree of routes, checked: what was inherited is filled in.

use std::collections::BTreeMap;

use super::channel::Channel;
use super::check;
use super::document::RoutesDocument;
use super::inhibition::InhibitRule;
use super::matcher::{Matcher, all_match};
use super::product::{self, Product, ProductsError};
use super::time_interval::TimeInterval;
use super::{Labels, Span};

/// Everything that routing goes by.
#[derive(Debug, Clone)]
pub struct Routes {
    pub root: Node,
    pub receivers: BTreeMap<String, Receiver>,
    pub inhibit_rules: Vec<InhibitRule>,
    pub time_intervals: BTreeMap<String, Vec<TimeInterval>>,
    pub products: Vec<Product>,
    /// The longest silence.
    pub max_silence: Span,
    /// Whether the end of a silence tells again what still fires.
    pub resend: bool,
    /// How long a failed notification is tried again.
    pub retry_span: Span,
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The matchers from the root to here: the same as long as they are, whatever stands before or after. Of several nodes
    /// with the same matchers, the later ones have a mark at the end.
    pub path: String,
    pub matchers: Vec<Matcher>,
    pub continues: bool,
    pub settings: Settings,
    pub routes: Vec<Node>,
}

/// What a node says of the alerts that end in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub receiver: String,
    pub group_by: GroupBy,
    pub group_wait: Span,
    pub group_interval: Span,
    pub repeat_interval: Span,
    pub mute_time_intervals: Vec<String>,
    pub active_time_intervals: Vec<String>,
    pub escalation: Vec<EscalationStep>,
    pub to_owner: bool,
}

/// What makes alerts go out together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    Labels(Vec<String>),
    /// `["..."]`: every label.
    Everything,
}

/// Tells `receiver` when nobody has acknowledged for so long after the first notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EscalationStep {
    pub after: Span,
    pub receiver: String,
}

/// Channels that are told together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    pub channels: Vec<Channel>,
    pub rate_limit: Option<RateLimit>,
}

impl Receiver {
    pub fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.name() == name)
    }
}

/// At most `notifications` per channel in any window of `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    pub notifications: u32,
    pub per: Span,
}

/// Everything that is wrong with the documents, at once.
#[derive(Debug, thiserror::Error)]
pub enum RoutesError {
    #[error("alert_routes.json is not a valid document: {0}")]
    Document(#[from] serde_json::Error),
    #[error("alert_routes.json: {}", .0.join("; "))]
    Content(Vec<String>),
    #[error(transparent)]
    Products(#[from] ProductsError),
}

impl Settings {
    /// Told at once and never again: for summaries, which no route describes.
    pub fn at_once() -> Self {
        Self { group_wait: Span::ZERO, group_interval: Span::ZERO, repeat_interval: Span::Never, ..Self::defaults() }
    }

    /// Alertmanager's defaults.
    pub(super) fn defaults() -> Self {
        Self {
            receiver: String::new(),
            group_by: GroupBy::Labels(Vec::new()),
            group_wait: Span::Seconds(30),
            group_interval: Span::minutes(5),
            repeat_interval: Span::minutes(4 * 60),
            mute_time_intervals: Vec::new(),
            active_time_intervals: Vec::new(),
            escalation: Vec::new(),
            to_owner: false,
        }
    }
}

impl Routes {
    /// `config/alert_routes.json` as it ships with Nightjar.
    pub const BUNDLED_ROUTES: &str = include_str!("../../../../config/alert_routes.json");
    /// `config/products.json` as it ships with Nightjar.
    pub const BUNDLED_PRODUCTS: &str = include_str!("../../../../config/products.json");

    /// Reads and checks both documents.
    pub fn parse(routes: &str, products: &str) -> Result<Self, RoutesError> {
        let document: RoutesDocument = serde_json::from_str(routes)?;
        let products = product::parse(products)?;
        let mut problems = Vec::new();
        let parsed = check::check(document, products, &mut problems);
        if problems.is_empty() { Ok(parsed) } else { Err(RoutesError::Content(problems)) }
    }

    /// The documents that ship with Nightjar.
    pub fn bundled() -> Result<Self, RoutesError> {
        Self::parse(Self::BUNDLED_ROUTES, Self::BUNDLED_PRODUCTS)
    }

    /// The same with further products; one with the name of another takes its place.
    #[must_use]
    pub fn with_products(mut self, products: impl IntoIterator<Item = Product>) -> Self {
        for product in products {
            self.products.retain(|known| known.name != product.name);
            self.products.push(product);
        }
        self
    }

    /// Whether any matcher, group or product looks at the resource's tags, which have to be read then.
    pub fn looks_at_tags(&self) -> bool {
        let looked = |matchers: &[Matcher]| matchers.iter().any(|matcher| is_of_tags(matcher.name()));
        self.root.looks_at_tags()
            || !self.products.is_empty()
            || self.inhibit_rules.iter().any(|rule| {
                looked(&rule.source) || looked(&rule.target) || rule.equal.iter().any(|name| is_of_tags(name))
            })
    }

    /// The nodes that have an alert, in the order of the document. Never none: the root takes every alert.
    pub fn matching(&self, labels: &Labels) -> Vec<&Node> {
        let mut found = Vec::new();
        self.root.collect(labels, &mut found);
        found
    }

    /// The node that goes by `path`, as long as the document has it.
    pub fn node(&self, path: &str) -> Option<&Node> {
        fn find<'a>(node: &'a Node, path: &str) -> Option<&'a Node> {
            if node.path == path { Some(node) } else { node.routes.iter().find_map(|below| find(below, path)) }
        }
        find(&self.root, path)
    }
}

fn is_of_tags(label: &str) -> bool {
    label == "product" || label.starts_with(super::labels::TAG)
}

impl Node {
    fn looks_at_tags(&self) -> bool {
        let grouped =
            matches!(&self.settings.group_by, GroupBy::Labels(names) if names.iter().any(|name| is_of_tags(name)));
        grouped
            || self.settings.to_owner
            || self.matchers.iter().any(|matcher| is_of_tags(matcher.name()))
            || self.routes.iter().any(Self::looks_at_tags)
    }

    /// Deepest first wins: a node has an alert itself only where none below it does.
    fn collect<'a>(&'a self, labels: &Labels, found: &mut Vec<&'a Self>) -> bool {
        if !all_match(&self.matchers, labels) {
            return false;
        }
        let mut taken = false;
        for below in &self.routes {
            if below.collect(labels, found) {
                taken = true;
                if !below.continues {
                    break;
                }
            }
        }
        if !taken {
            found.push(self);
        }
        true
    }
}
