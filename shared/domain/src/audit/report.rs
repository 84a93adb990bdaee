//! What a verification found.

use jiff::Timestamp;
use serde::Serialize;

/// Whether a trail is whole, and if not, from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Report {
    pub valid: bool,
    /// How many entries were looked at.
    pub entries: u64,
    /// How many entries the newest anchors vouch for: the sum over all chains of the number up to which each is anchored,
    /// which for a single chain is that number.
    pub anchored_through: u64,
    /// The first thing that is wrong.
    #[schema(required = true)]
    pub first_bad: Option<Bad>,
    /// All that is wrong: at most one thing a chain, and one of the anchors.
    pub problems: Vec<Bad>,
    /// How many anchors carry a good signature.
    pub anchors: u64,
    /// When the newest of them was taken. What was cut off since then no anchor tells.
    #[schema(required = true)]
    pub newest_anchor_at: Option<Timestamp>,
    /// The chains that have entries.
    pub chains: Vec<ChainReport>,
}

/// One chain of a trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ChainReport {
    pub chain: String,
    pub first_seq: u64,
    pub last_seq: u64,
    /// The newest entry that an anchor vouches for; 0 if there is none.
    pub anchored_through: u64,
}

/// Something that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Bad {
    /// The chain, or `anchors`.
    pub chain: String,
    /// The entry's number in its chain; of an anchor its place by time, from 1.
    pub seq: u64,
    pub reason: Reason,
    /// The same for people.
    pub detail: String,
}

/// What kind of wrong it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The content is not what the hash was made of.
    Edited,
    /// The hash fits the content, but not the entry before: one of the two was replaced.
    Unlinked,
    /// Numbers are missing in the middle.
    Deleted,
    /// An entry stands between two that belong together.
    Inserted,
    /// The same entry is there twice.
    Repeated,
    /// The entries are all there, in another order.
    Reordered,
    /// Two entries follow the same one.
    Forked,
    /// The entry stands in a chain that is not its own.
    WrongShard,
    /// The text is no entry.
    Unreadable,
    /// The oldest entries are missing, and no anchor shows that they had expired.
    MissingStart,
    /// The chain ends before an entry that an anchor or another chain had seen.
    Truncated,
    /// Another entry stands where an anchor or another chain had seen one.
    Rewritten,
    /// No anchor fits the public key.
    WrongKey,
    /// One anchor does not fit the public key.
    AnchorChanged,
    /// An anchor is missing between two others.
    AnchorMissing,
    /// An anchor is there twice, or under the name of another.
    AnchorReplayed,
}

impl Reason {
    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Unlinked => "unlinked",
            Self::Deleted => "deleted",
            Self::Inserted => "inserted",
            Self::Repeated => "repeated",
            Self::Reordered => "reordered",
            Self::Forked => "forked",
            Self::WrongShard => "wrong_shard",
            Self::Unreadable => "unreadable",
            Self::MissingStart => "missing_start",
            Self::Truncated => "truncated",
            Self::Rewritten => "rewritten",
            Self::WrongKey => "wrong_key",
            Self::AnchorChanged => "anchor_changed",
            Self::AnchorMissing => "anchor_missing",
            Self::AnchorReplayed => "anchor_replayed",
        }
    }
}
