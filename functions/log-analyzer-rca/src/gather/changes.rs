//! Who changed what before the anomaly: CloudTrail, asked once for all incidents of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::anomaly::Anomaly;
use nightjar_domain::diagnosis::touches;
use nightjar_domain::evidence::{Change, Gap, Neighbours};
use nightjar_domain::resource::Resource;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::Gathered;
use crate::context::Context;

pub(super) const SOURCE: &str = "changes in CloudTrail";
/// How far back a change may lie.
const BEFORE: SignedDuration = SignedDuration::from_hours(6);
/// Pages of 50 events asked for, newest first. LookupEvents allows two calls a second for the whole account.
const PAGES: usize = 6;
const BETWEEN_CALLS: Duration = Duration::from_millis(500);
/// After so long no further page is begun: whoever waits for the finding has the newest changes, and the gap says from when on.
const LONGEST: Duration = Duration::from_secs(3);
/// A look-up this old still serves the next incident.
const FRESH: SignedDuration = SignedDuration::from_mins(2);

/// The look-up of the incidents before, for those that come together.
#[derive(Debug, Default)]
pub struct ChangeCache(Mutex<Option<LookUp>>);

#[derive(Debug, Clone)]
struct LookUp {
    made_at: Timestamp,
    from: Timestamp,
    until: Timestamp,
    changes: Vec<Change>,
    gap: Option<Gap>,
}

/// What was changed in the hours before the anomaly, each with how it touches the resource.
pub(super) async fn read(
    context: &Context,
    anomaly: &Anomaly,
    resource: Option<&Resource>,
    now: Timestamp,
) -> anyhow::Result<Gathered<Vec<Change>>> {
    let (from, until) = (anomaly.window_start - BEFORE, anomaly.window_end);
    // The lock is held while asking: an incident beside this one waits for the same answer.
    let mut cache = context.changes.0.lock().await;
    let usable =
        |known: &&LookUp| now.duration_since(known.made_at) <= FRESH && known.from <= from && known.until >= until;
    let found = if let Some(known) = cache.as_ref().filter(usable) {
        known.clone()
    } else {
        let found = look_up(context, from, until.max(now), now).await?;
        cache.insert(found).clone()
    };
    drop(cache);
    let neighbours = neighbours(anomaly, resource);
    let within = found.changes.into_iter().filter(|change| (from..=until).contains(&change.at));
    let changes = within.map(|change| Change { touches: touches(&change, &neighbours), ..change }).collect();
    Ok(Gathered { found: changes, gaps: found.gap.into_iter().collect() })
}

async fn look_up(context: &Context, from: Timestamp, until: Timestamp, now: Timestamp) -> anyhow::Result<LookUp> {
    let writes = LookupAttribute::builder()
        .attribute_key(LookupAttributeKey::ReadOnly)
        .attribute_value("false")
        .build()
        .context("building the CloudTrail look-up")?;
    let mut pages = context
        .cloudtrail
        .lookup_events()
        .lookup_attributes(writes)
        .start_time(DateTime::from_secs(from.as_second()))
        .end_time(DateTime::from_secs(until.as_second()))
        .max_results(50)
        .into_paginator()
        .send();
    let mut changes: Vec<Change> = Vec::new();
    let mut gap = None;
    let mut pace = interval(BETWEEN_CALLS);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let began = Instant::now();
    for page in 1..=PAGES {
        pace.tick().await;
        let Some(answer) = pages.next().await else { break };
        let answer = answer.context("LookupEvents")?;
        changes.extend(answer.events().iter().filter_map(|event| change(event, &context.settings.own_roles)));
        if answer.next_token().is_none() {
            break;
        }
        if page == PAGES || began.elapsed() >= LONGEST {
            let oldest = changes.iter().map(|change| change.at).min().unwrap_or(until);
            gap = Some(Gap {
                source: SOURCE.to_owned(),
                reason: format!("only the newest {} events were read, back to {oldest}", page * 50),
            });
            break;
        }
    }
    Ok(LookUp { made_at: now, from, until, changes, gap })
}

/// The event as a change. What was refused, only read, or done by Nightjar itself is none.
fn change(event: &Event, own_roles: &str) -> Option<Change> {
    let detail: Value = event.cloud_trail_event().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let text = |pointer: &str| detail.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let arn = text("/userIdentity/arn");
    let refused = detail.get("errorCode").is_some_and(|code| !code.is_null());
    let read_only = event.read_only() == Some("true") || detail.get("readOnly") == Some(&Value::Bool(true));
    let own = !own_roles.is_empty() && arn.contains(&format!("/{own_roles}"));
    if refused || read_only || own {
        return None;
    }
    let by = if arn.is_empty() { event.username().unwrap_or("unknown").to_owned() } else { shortened(&arn) };
    let listed = event.resources().iter().filter_map(|resource| resource.resource_name().map(str::to_owned));
    Some(Change {
        at: Timestamp::from_second(event.event_time()?.secs()).ok()?,
        event: cut(event.event_name()?),
        service: cut(event.event_source().unwrap_or_default()),
        by: cut(&by),
        from: cut(&text("/sourceIPAddress")),
        resources: listed.chain(named_in(&detail)).map(|name| cut(&name)).take(20).collect(),
        touches: None,
    })
}

/// Identifiers in the request, where CloudTrail lists no resources: `groupId`, `autoScalingGroupName` and the like.
fn named_in(detail: &Value) -> Vec<String> {
    const KEYS: [&str; 10] = [
        "groupId",
        "instanceId",
        "autoScalingGroupName",
        "roleName",
        "applicationName",
        "serviceName",
        "service",
        "functionName",
        "name",
        "dBInstanceIdentifier",
    ];
    let Some(Value::Object(request)) = detail.get("requestParameters") else { return Vec::new() };
    KEYS.iter().filter_map(|key| Some(request.get(*key)?.as_str()?.to_owned())).collect()
}

/// `arn:aws:sts::1:assumed-role/deploy/alice` → `assumed-role/deploy/alice`.
fn shortened(arn: &str) -> String {
    arn.rsplit(':').next().unwrap_or(arn).to_owned()
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}

/// The names under which a change would list the resource or what surrounds it.
fn neighbours(anomaly: &Anomaly, resource: Option<&Resource>) -> Neighbours {
    const TAGS: [(&str, &str); 8] = [
        ("aws:autoscaling:groupName", "its Auto Scaling group"),
        ("aws:cloudformation:stack-name", "its stack"),
        ("aws:ec2launchtemplate:id", "its launch template"),
        ("Service", "its service"),
        ("service", "its service"),
        ("Application", "its application"),
        ("App", "its application"),
        ("Name", "its name"),
    ];
    let mut names = BTreeMap::from([(anomaly.resource.id.clone(), "the resource itself".to_owned())]);
    names.insert(anomaly.resource.arn.clone(), "the resource itself".to_owned());
    if let Some(resource) = resource {
        for (tag, what) in TAGS {
            if let Some(value) = resource.tags.get(tag) {
                names.entry(value.clone()).or_insert_with(|| what.to_owned());
            }
        }
        for (name, what) in &resource.neighbours {
            names.entry(name.clone()).or_insert_with(|| what.clone());
        }
    }
    Neighbours { names }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(detail: &str) -> Event {
        Event::builder()
            .event_name("RevokeSecurityGroupIngress")
            .event_source("ec2.amazonaws.com")
            .event_time(DateTime::from_secs(1_795_000_000))
            .cloud_trail_event(detail)
            .build()
    }

    #[test]
    fn an_event_says_who_what_and_from_where() {
        let told = change(
            &event(
                r#"{"userIdentity": {"arn": "arn:aws:iam::1:user/maria"}, "sourceIPAddress": "198.51.100.9",
                    "requestParameters": {"groupId": "sg-1"}}"#,
            ),
            "aiops-",
        )
        .unwrap();
        assert_eq!((told.by.as_str(), told.from.as_str()), ("user/maria", "198.51.100.9"));
        assert_eq!(told.resources, ["sg-1"]);
    }

    #[test]
    fn what_was_refused_or_only_read_or_done_by_nightjar_is_no_change() {
        let none = |detail: &str| change(&event(detail), "aiops-").is_none();
        assert!(none(r#"{"errorCode": "AccessDenied"}"#));
        assert!(none(r#"{"readOnly": true}"#));
        assert!(none(r#"{"userIdentity": {"arn": "arn:aws:sts::1:assumed-role/aiops-onboarding/x"}}"#));
        assert!(!none("no json at all"), "an event without a body is still an event");
    }
}
