//! One store per table. A store knows keys, conditions and paging; what an item means, the domain knows.

mod alert_groups;
mod audit;
mod coverage;
mod error;
mod feedback;
mod incidents;
mod incidents_by_status;
mod inventory;
mod live;
mod models;
mod notifications;
mod remediations;
mod routing;
mod security;
mod series;
mod silences;

pub use alert_groups::{AlertGroupStore, Disabled};
pub use audit::{AuditFilter, AuditPage, AuditStore, Position};
pub use coverage::{Coverage, CoverageStore, CoverageWhole};
pub use error::StoreError;
pub use feedback::FeedbackStore;
pub use incidents::{Cursor, IncidentFilter, IncidentPage, IncidentStore, Publication, StoredIncident};
pub use inventory::InventoryStore;
pub use live::{Connection, DELTAS_KEPT, Delta, LiveStore};
pub use models::{ModelStore, Pointers};
pub use notifications::{Delivery, NotificationStore};
pub use remediations::{Begun, RemediationStore, Replaced};
pub use routing::{InForce, RoutingStore, StoredProduct};
pub use security::{Commit, EVENTS_PER_COMMIT, MemoryKey, Remembered, SecurityStore};
pub use series::{SeriesItem, SeriesStore};
pub use silences::SilenceStore;
