//! The read API: incidents as JSON over an API Gateway HTTP API. It reads one table and changes nothing.
//!
//! A request is parsed ([`query`], [`cursor`]), answered from the store ([`routes`]), and every error leaves as a
//! problem document ([`problem`]); [`trace`] names the request in the answer and logs what failed, once.

pub mod context;
pub mod cursor;
pub mod problem;
pub mod query;
pub mod routes;
pub mod settings;
pub mod trace;
