//! The audit trail: facts, each sealed with the hash of the one before.
//!
//! A [`Fact`] becomes an [`AuditEntry`] of the chain that its id chooses ([`ChainId::of`]); every eighth entry also names the
//! end of another chain that its writer saw. An [`Anchor`] is the signed list of all chains' ends, kept where nobody can
//! change it. [`Verifier`] holds entries against each other and against the anchors, and writes a [`Report`].

mod anchor;
mod chain;
mod entry;
mod examine;
mod export;
mod fact;
mod order;
mod report;
mod retention;
mod verify;

pub use anchor::{Anchor, AnchorError, NamedAnchor, PublicKey, UnsignedAnchor};
pub use chain::{ChainId, LINK_EVERY, MAIN_CHAIN};
pub use entry::{AuditEntry, CanonicalError, ChainHead, GENESIS, Tip};
pub use examine::{Examined, NotAnEntry, examine};
pub use export::{Export, ExportError, ExportLine, verify_export};
pub use fact::{Fact, FactKind};
pub use order::in_order;
pub use report::{Bad, ChainReport, Reason, Report};
pub use retention::{EXPIRY_SLACK, Retention, RetentionError};
pub use verify::Verifier;
