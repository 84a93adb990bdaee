//! Tells people what happened: who, when and through which channel, the routes say.
//!
//! - [`settings`], [`context`], [`living`]: what the environment says, the clients, and the routes that are in force;
//! - [`event`], [`message`]: what the function is woken by, and what the messages say;
//! - `ingest`: each alert into its groups, each change of an incident to its alerts;
//! - `flush`: looking at a group: claim → load → decide → tell → settle;
//! - `failure`, `escalation`, `summary`: what does not get through, is not acknowledged, or is too much;
//! - [`channels`], [`secrets`], [`http`], [`aws_call`]: what each channel sends, and sending it;
//! - [`trial`]: trying a receiver out;
//! - [`handler`]: one event, from end to end.

pub mod aws_call;
pub mod channels;
pub mod context;
mod escalation;
pub mod event;
mod failure;
mod flush;
pub mod groups;
pub mod handler;
pub mod http;
mod ingest;
pub mod living;
pub mod message;
pub mod secrets;
pub mod settings;
mod summary;
pub mod trial;
