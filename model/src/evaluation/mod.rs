//! How good a detector is, measured: against labelled windows ([`windows`]) and against labelled points ([`points`]).
//!
//! Pure arithmetic on scores and labels. Nothing here is used in production; it ships so that a user measures with the same code.

pub mod points;
pub mod windows;
