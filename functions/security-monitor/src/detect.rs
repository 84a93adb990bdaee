//! What the rules say of events, as `POST /security-events/detect` asks: nothing is remembered, nobody is told.

use nightjar_domain::security::AttackStory;
use nightjar_security::detector::{Detector, Match, Options};
use nightjar_security::read::read;
use nightjar_security::story::{Policy, Stories};
use serde::Serialize;

use crate::context::Context;

/// Events that one request judges.
const MOST_EVENTS: usize = 5_000;

/// The answer.
#[derive(Debug, Serialize)]
pub struct Detected {
    /// Events that were judged.
    pub events: usize,
    pub matches: Vec<Found>,
    /// The incidents that these events would open, each one attack.
    pub incidents: Vec<AttackStory>,
    /// What could not be read.
    pub problems: Vec<String>,
}

/// One match, and why it is expected if it is.
#[derive(Debug, Serialize)]
pub struct Found {
    #[serde(flatten)]
    pub found: Match,
    pub expected: Option<String>,
}

/// Judges the events of `body` in the order of their time, as if the account had done nothing before.
pub fn detect(context: &Context, body: &[u8]) -> Detected {
    let noise = &context.noise;
    let trusted_accounts = noise.trusted_accounts.iter().cloned().collect();
    let (mut detector, _) = Detector::new(&context.rules, Options { trusted_accounts, ..Options::default() });
    let mut reading = read(body);
    reading.events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    if reading.events.len() > MOST_EVENTS {
        let more = reading.events.len() - MOST_EVENTS;
        reading.problems.push(format!("only the first {MOST_EVENTS} events were judged; {more} more were not"));
        reading.events.truncate(MOST_EVENTS);
    }
    let (mut stories, policy) = (Stories::default(), Policy::default());
    let mut detected = Detected { events: 0, matches: Vec::new(), incidents: Vec::new(), problems: reading.problems };
    for raw in &reading.events {
        let event = match raw.parse() {
            Ok(event) => event,
            Err(error) => {
                detected.problems.push(format!("event {}: {error}", raw.id.as_deref().unwrap_or("without id")));
                continue;
            }
        };
        detected.events += 1;
        for found in detector.observe(event) {
            let expected = noise.expects(&found).map(str::to_owned);
            if expected.is_none() {
                stories.add(&found, &policy);
            }
            detected.matches.push(Found { found, expected });
        }
    }
    detected.incidents = stories.iter().cloned().collect();
    detected
}
