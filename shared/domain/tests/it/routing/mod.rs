//! Routing: the semantics as a table of cases, and the promises that hold for all.

mod documents;
mod promises;
mod simulation;
mod table;
mod times;
