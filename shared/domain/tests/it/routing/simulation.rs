//! A world of groups with a clock that only moves when it is told to: scripts in, notifications out.
//!
//! A script has one deed a line, each with the time since the start:
//!
//! ```text
//! 0s    fire cpu severity=high resource=i-1
//! 10m   silence 1h resource="i-1"
//! 2h    resolve cpu
//! ```

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use nightjar_domain::id::{GroupId, SilenceId};
use nightjar_domain::routing::decide::groups;
use nightjar_domain::routing::flush::{Look, Verdict, flush};
use nightjar_domain::routing::group::{Group, GroupState, Member, due_for_arrival};
use nightjar_domain::routing::inhibition::Active;
use nightjar_domain::routing::{
    Alert, AlertState, Because, Decision, Labels, Routes, Silence, Span, SuppressedBy, route,
};
use nightjar_domain::severity::Severity;

/// Monday.
pub(crate) const START: &str = "2026-11-16T08:00:00Z";

pub(crate) fn start() -> Timestamp {
    START.parse().unwrap()
}

/// Something that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) at: Timestamp,
    pub(crate) group: GroupId,
    pub(crate) destination: String,
    pub(crate) because: Because,
    pub(crate) firing: Vec<String>,
    pub(crate) resolved: Vec<String>,
}

impl Told {
    /// `30s a/hook new_alerts: cpu, disk / over: mem`
    pub(crate) fn line(&self) -> String {
        let since = Span::Seconds(self.at.as_second() - start().as_second());
        let because = serde_json::to_value(self.because).unwrap();
        let over =
            if self.resolved.is_empty() { String::new() } else { format!(" / over: {}", self.resolved.join(", ")) };
        let line = format!("{since} {} {}: {}", self.destination, because.as_str().unwrap(), self.firing.join(", "));
        format!("{}{over}", line.trim_end())
    }
}

#[derive(Debug)]
struct Kept {
    group: Group,
    state: GroupState,
    members: BTreeMap<String, Member>,
    due_at: Option<Timestamp>,
}

/// Groups, silences and a clock.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) routes: Routes,
    groups: BTreeMap<GroupId, Kept>,
    alerts: BTreeMap<String, Alert>,
    active: BTreeMap<String, Active>,
    silences: Vec<Silence>,
    /// Ends that the groups have been woken for.
    announced: BTreeSet<SilenceId>,
    pub(crate) told: Vec<Told>,
    /// Fingerprints by the reason for which they were last held back.
    pub(crate) held: BTreeMap<String, SuppressedBy>,
    now: Timestamp,
}

impl World {
    pub(crate) fn new(routes: Routes) -> Self {
        Self {
            routes,
            groups: BTreeMap::new(),
            alerts: BTreeMap::new(),
            active: BTreeMap::new(),
            silences: Vec::new(),
            announced: BTreeSet::new(),
            told: Vec::new(),
            held: BTreeMap::new(),
            now: start(),
        }
    }

    /// Does what the script says, and lets the clock run to its last line.
    pub(crate) fn play(&mut self, script: &str) {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let mut words = line.split_whitespace();
            let at: Span = words.next().unwrap().parse().unwrap();
            self.run_until(at.after(start()).unwrap());
            let verb = words.next().unwrap();
            let rest: Vec<&str> = words.collect();
            match verb {
                "fire" => self.fire(&alert(rest[0], &rest[1..], self.now)),
                "report" => self.fire(&Alert { once: true, ..alert(rest[0], &rest[1..], self.now) }),
                "resolve" => self.change(rest[0], |member| {
                    (member.resolved, member.suppressed_until) = (true, None);
                }),
                "ack" => self.change(rest[0], |member| member.acknowledged = true),
                "suppress" => {
                    let until = rest[1].parse::<Span>().unwrap().after(self.now);
                    self.change(rest[0], |member| member.suppressed_until = until);
                }
                "silence" => {
                    let matchers = rest[1..].iter().map(|text| text.parse().unwrap()).collect();
                    let ends_at = rest[0].parse::<Span>().unwrap().after(self.now).unwrap();
                    let times = (self.now, ends_at);
                    let silence =
                        Silence::new(matchers, "ops", "maintenance", times, self.routes.max_silence, self.now).unwrap();
                    self.silences.push(silence);
                }
                "expire" => {
                    let now = self.now;
                    self.silences.iter_mut().for_each(|silence| silence.ends_at = silence.ends_at.min(now));
                }
                "end" => {}
                other => unreachable!("no such deed: {other}"),
            }
            self.run_until(self.now);
        }
    }

    /// Looks at every group that is due, in order of time.
    pub(crate) fn run_until(&mut self, end: Timestamp) {
        loop {
            self.wake(end);
            let due = self.groups.values().filter_map(|kept| Some((kept.due_at?, kept.group.id.clone())));
            let Some((at, id)) = due.min().filter(|(at, _)| *at <= end) else { break };
            self.now = self.now.max(at);
            self.look(&id);
        }
        self.now = end;
    }

    /// The schedule's part when a silence ends: what it held back is looked at.
    fn wake(&mut self, end: Timestamp) {
        for silence in self.silences.iter().filter(|silence| silence.ends_at <= end) {
            if !self.announced.insert(silence.id.clone()) {
                continue;
            }
            let held = |member: &Member| silence.holds_back(&member.labels) && !member.resolved;
            for kept in self.groups.values_mut().filter(|kept| kept.members.values().any(held)) {
                kept.due_at = Some(kept.due_at.map_or(silence.ends_at, |at| at.min(silence.ends_at)));
            }
        }
    }

    pub(crate) fn fire(&mut self, alert: &Alert) {
        self.alerts.insert(alert.title.clone(), alert.clone());
        if self.routes.inhibit_rules.iter().any(|rule| rule.can_inhibit(&alert.labels)) {
            let active =
                Active { fingerprint: alert.fingerprint(), title: alert.title.clone(), labels: alert.labels.clone() };
            self.active.insert(alert.title.clone(), active);
        }
        let ways: Vec<(Group, Decision)> = route(alert, &self.routes, &self.state(), self.now)
            .into_iter()
            .map(|way| (way.group, way.decision))
            .collect();
        assert!(!ways.is_empty(), "an alert has no way: {alert:?}");
        for (group, _) in ways {
            self.join(group, Member::of(alert));
        }
    }

    fn join(&mut self, group: Group, member: Member) {
        let settings = self.routes.node(&group.route).unwrap().settings.clone();
        let now = self.now;
        let kept = self.groups.entry(group.id.clone()).or_insert_with(|| Kept {
            group,
            state: GroupState::default(),
            members: BTreeMap::new(),
            due_at: None,
        });
        let due = due_for_arrival(kept.state.last_flush_at, &settings, now);
        kept.due_at = Some(kept.due_at.map_or(due, |at| at.min(due)));
        let before = kept.members.remove(&member.fingerprint).filter(|before| !before.resolved);
        let acknowledged = before.is_some_and(|before| before.acknowledged);
        kept.members.insert(member.fingerprint.clone(), Member { acknowledged, ..member });
    }

    fn change(&mut self, title: &str, change: impl Fn(&mut Member)) {
        let fingerprint = self.alerts[title].fingerprint();
        let now = self.now;
        for kept in self.groups.values_mut() {
            let settings = &self.routes.node(&kept.group.route).unwrap().settings;
            if let Some(member) = kept.members.get_mut(&fingerprint) {
                change(member);
                if member.resolved {
                    self.active.remove(title);
                }
                let due = due_for_arrival(kept.state.last_flush_at, settings, now);
                kept.due_at = Some(kept.due_at.map_or(due, |at| at.min(due)));
            }
        }
    }

    fn look(&mut self, id: &GroupId) {
        let kept = &self.groups[id];
        let settings = self.routes.node(&kept.group.route).unwrap().settings.clone();
        let members: Vec<Member> = kept.members.values().cloned().collect();
        let active: Vec<Active> = self.active.values().cloned().collect();
        let look = Look {
            routes: &self.routes,
            settings: &settings,
            group: &kept.group,
            state: &kept.state,
            members: &members,
            silences: &self.silences,
            active: &active,
            now: self.now,
        };
        let flushed = flush(&look);
        let titles = |fingerprints: &[String]| {
            let mut titles: Vec<String> =
                fingerprints.iter().map(|fingerprint| kept.members[fingerprint].title.clone()).collect();
            titles.sort();
            titles
        };
        if let Verdict::Notify { because, firing, resolved } = &flushed.verdict {
            self.told.push(Told {
                at: self.now,
                group: kept.group.id.clone(),
                destination: kept.group.destination(),
                because: *because,
                firing: titles(firing),
                resolved: titles(resolved),
            });
        }
        self.held.extend(flushed.suppressed.iter().cloned());
        let escalation: Vec<(Group, Member)> = flushed
            .escalate
            .iter()
            .flat_map(|(step, who)| {
                who.iter().flat_map(|fingerprint| {
                    let member = kept.members[fingerprint].clone();
                    let alert = self.alerts[&member.title].clone();
                    let groups: Vec<Group> =
                        groups(&self.routes, &step.receiver, &kept.group.route, &settings, &alert).collect();
                    groups.into_iter().map(move |group| (group, member.clone()))
                })
            })
            .collect();
        let kept = self.groups.get_mut(id).unwrap();
        kept.members.retain(|fingerprint, _| !flushed.forget.contains(fingerprint));
        kept.state = flushed.next;
        kept.due_at = flushed.due_at;
        for (group, member) in escalation {
            let id = group.id.clone();
            self.join(group, member);
            self.groups.get_mut(&id).unwrap().due_at = Some(self.now);
        }
    }

    fn state(&self) -> AlertState {
        AlertState {
            silences: self.silences.clone(),
            active: self.active.values().cloned().collect(),
            groups: self.groups.iter().map(|(id, kept)| (id.clone(), kept.state.clone())).collect(),
        }
    }

    /// The titles of what fires and has not been told on some channel.
    pub(crate) fn untold(&self) -> BTreeSet<String> {
        let untold = |kept: &Kept| {
            let members = kept.members.values().filter(|member| !member.resolved);
            members
                .filter(|member| !kept.state.told.contains_key(&member.fingerprint))
                .map(|member| member.fingerprint.clone())
                .collect::<Vec<_>>()
        };
        self.groups.values().flat_map(untold).collect()
    }
}

/// An alert with the labels of `pairs`. Its title is its name.
pub(crate) fn alert(name: &str, pairs: &[&str], now: Timestamp) -> Alert {
    let mut labels: Labels =
        [("kind", "incident"), ("resource", name), ("metric", "CPUUtilization")].into_iter().collect();
    labels.set("incident", format!("inc_{name}"));
    for pair in pairs {
        let (name, value) = pair.split_once('=').unwrap();
        labels.set(name, value);
    }
    let severity = labels.get("severity").parse().unwrap_or(Severity::High);
    Alert {
        id: format!("inc_{name}"),
        incident: format!("inc_{name}"),
        title: name.to_owned(),
        severity,
        labels,
        once: false,
        starts_at: now,
    }
}
