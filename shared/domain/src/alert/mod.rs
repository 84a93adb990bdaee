//! What people are told, and how it reads in each channel.

mod alertmanager;
mod attack;
mod bulletin;
mod deed;
mod email;
mod notice;
mod pagerduty;
mod report;
mod slack;
mod sparkline;
mod teams;
mod text;
mod webhook;

pub use alertmanager::alertmanager_payload;
pub use bulletin::{Bulletin, Line, Standing};
pub use deed::Deed;
pub use email::{Email, email};
pub use notice::Notice;
pub use pagerduty::pagerduty_event;
pub use report::{Section, report};
pub use slack::{slack_message, slack_reply, slack_state};
pub use teams::teams_message;
pub use webhook::WebhookPayload;
