//! One store per table. A store knows keys, conditions and paging; what an item means, the domain knows.

mod alert_groups;
mod audit;
mod error;
mod feedback;
mod fingerprints;
mod incident_evidence;
mod incidents;
mod inventory;
mod log_watch;
mod models;
mod notifications;
mod opening;
mod remediations;
mod routing;
mod series;
mod silences;

pub use alert_groups::{AlertGroupStore, Disabled};
pub use audit::{AuditFilter, AuditPage, AuditStore, Position};
pub use error::StoreError;
pub use feedback::FeedbackStore;
pub use fingerprints::{FingerprintStore, Slot};
pub use incidents::{Cursor, IncidentFilter, IncidentPage, IncidentStore, Publication, StoredIncident};
pub use inventory::InventoryStore;
pub use log_watch::{LogWatchStore, WatchedItem};
pub use models::{ModelStore, Pointers};
pub use notifications::{Delivery, NotificationStore};
pub use remediations::{Begun, RemediationStore, Replaced};
pub use routing::{InForce, RoutingStore, StoredProduct};
pub use series::{SeriesItem, SeriesStore};
pub use silences::SilenceStore;
