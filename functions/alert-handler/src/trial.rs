//! `nightjar notify test`: a message that says it is a test, through every channel of a receiver.

use anyhow::ensure;
use jiff::Timestamp;
use nightjar_domain::alert::Bulletin;
use nightjar_domain::audit::{Fact, FactKind};
use nightjar_domain::routing::{Because, Group, Labels, Member};
use nightjar_domain::severity::Severity;
use serde::Serialize;
use serde_json::json;

use crate::context::Context;
use crate::groups::Groups;
use crate::handler::ACTOR;

/// How one channel took the test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Trial {
    pub channel: String,
    /// `None`: it got through.
    pub problem: Option<String>,
    /// Whether the channel was disabled, and is no longer.
    pub enabled_again: bool,
}

/// Sends a test to every channel of `receiver`. One that was disabled and takes it is enabled again.
pub(crate) async fn trial<G: Groups>(
    context: &Context<G>,
    receiver: &str,
    now: Timestamp,
) -> anyhow::Result<Vec<Trial>> {
    let channels: Vec<String> = context.channels.of(receiver).map(str::to_owned).collect();
    ensure!(!channels.is_empty(), "there is no receiver {receiver:?} with a channel that is set up");
    let mut trials = Vec::new();
    for channel in channels {
        let bulletin = test_message(&Group::new("test", receiver, &channel, Labels::default()), now);
        let problem = context.channels.send(&bulletin).await.err().map(|error| error.to_string());
        let destination = bulletin.group.destination();
        let mut enabled_again = false;
        if problem.is_none() && context.groups.disabled(&destination).await?.is_some() {
            context.groups.enable(&destination).await?;
            let at = now.to_string();
            let fact = Fact::new(FactKind::ChannelEnabled, ACTOR, &destination, Some(&at), now, json!({}));
            context.audit.record(&[fact]).await?;
            enabled_again = true;
        }
        trials.push(Trial { channel, problem, enabled_again });
    }
    Ok(trials)
}

fn test_message(group: &Group, now: Timestamp) -> Bulletin {
    let member = Member {
        fingerprint: "test".to_owned(),
        labels: Labels::default(),
        severity: Severity::Info,
        title: "A test of this channel by nightjar notify test: nothing is wrong".to_owned(),
        message: now.to_string(),
        once: true,
        resolved: false,
        acknowledged: false,
        suppressed_until: None,
        starts_at: now,
    };
    let mut bulletin = Bulletin::new(group, Because::NewAlerts, (&[&member], &[]), None, None, now);
    bulletin.notice.title = member.title;
    "No reply is needed".clone_into(&mut bulletin.notice.summary);
    bulletin
}
