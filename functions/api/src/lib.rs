//! The HTTP API: incidents and the audit trail as JSON over API Gateway. It changes what people change: what they do to an
//! incident (acknowledge, suppress, resolve), what they say of it, which moves the bar of the incident's series, and what they decide about repairs, which is noted and carried out by
//! others.
//!
//! A request is parsed ([`query`], [`audit_query`], [`cursor`]), answered from the store ([`routes`]), and every error leaves as a
//! problem document ([`problem`]); [`access`] has the one table of who may do what; [`trace`] names the request in the answer and logs what failed, once.

pub mod access;
pub mod analysis;
pub mod answer;
pub mod audit_query;
pub mod caller;
pub mod context;
pub mod cursor;
pub mod headers;
pub mod history;
pub mod idempotency;
pub mod late;
pub mod monitor;
pub mod page;
mod parameters;
pub mod problem;
pub mod query;
pub mod resource_query;
pub mod routes;
pub mod settings;
pub mod trace;
pub mod validators;
