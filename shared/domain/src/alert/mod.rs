//! What people are told, and how it reads in each channel.

mod email;
mod notice;
mod report;
mod slack;
mod webhook;

pub use email::{Email, email};
pub use notice::Notice;
pub use report::{Section, report};
pub use slack::slack_message;
pub use webhook::WebhookPayload;
