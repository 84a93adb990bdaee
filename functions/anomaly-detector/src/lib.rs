//! Fetches new datapoints, judges them with the detector, publishes anomalies.
//!
//! An anomaly is published before the series' state is saved: a run that dies in between judges the same datapoints
//! again and publishes the same anomalies under the same ids, which everything downstream tells apart. The other way
//! round they would be lost.

pub mod context;
pub mod handler;
pub mod judge;
pub mod models;
pub mod settings;
pub mod watch;
