//! What a group has to say at this moment, and when it is to be looked at again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Span;
use super::group::{Group, GroupState, Member, ToldAs, next_interval};
use super::inhibition::Active;
use super::silence::Silence;
use super::suppression::{SuppressedBy, held_back, outside_hours};
use super::tree::{EscalationStep, Routes, Settings};
use crate::severity::Severity;

/// How soon a group is looked at again while something holds its alerts back: the end of it is not announced.
const LOOK_AGAIN: Span = Span::Seconds(60);

/// Why something is told now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// Alerts that were not told yet, or have become worse.
    NewAlerts,
    /// A silence has ended, and they still fire.
    SilenceEnded,
    /// What was told is over.
    Resolved,
    /// Somebody is on it.
    Acknowledged,
    /// It still fires, and `repeat_interval` has passed.
    Repeat,
}

/// Why nothing is told now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quiet {
    /// Everything was told, and `repeat_interval` has not passed.
    NothingNew,
    /// All that could be told is held back.
    Suppressed,
    /// Nothing fires.
    Empty,
    /// It is over, and the channel does not want to hear so.
    ResolvedUnasked,
}

/// The decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Notify { because: Because, firing: Vec<String>, resolved: Vec<String> },
    Quiet(Quiet),
}

/// Everything that follows from looking at a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flush {
    pub verdict: Verdict,
    /// Alerts that are held back, by fingerprint.
    pub suppressed: Vec<(String, SuppressedBy)>,
    /// The state to keep once what the verdict says has been told.
    pub next: GroupState,
    /// Alerts that need not be kept once it has been told.
    pub forget: Vec<String>,
    /// Whom to tell as well, because nobody has acknowledged.
    pub escalate: Option<(EscalationStep, Vec<String>)>,
    /// When to look again; `None`: when an alert arrives.
    pub due_at: Option<Timestamp>,
}

/// What a look at a group goes by.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    pub routes: &'a Routes,
    pub settings: &'a Settings,
    pub group: &'a Group,
    pub state: &'a GroupState,
    pub members: &'a [Member],
    pub silences: &'a [Silence],
    pub active: &'a [Active],
    pub now: Timestamp,
}

/// Looks at a group: Alertmanager's pipeline of inhibition, silences, time intervals and deduplication as one function.
pub fn flush(look: &Look<'_>) -> Flush {
    let Look { routes, settings, group, state, members, now, .. } = *look;
    let channel = routes.receivers.get(&group.receiver).and_then(|receiver| receiver.channel(&group.channel));
    let sends_resolved = channel.is_some_and(super::Channel::sends_resolved);
    let sends_acknowledged = channel.is_some_and(super::Channel::sends_acknowledged);
    let hours = outside_hours(routes, settings, now);

    let mut next = state.clone();
    let (mut visible, mut suppressed) = (Vec::new(), Vec::new());
    for member in members {
        let by = hours.clone().or_else(|| held_back(routes, look.silences, look.active, member, now));
        match by {
            None => {
                if ended_unseen(look, member)
                    && let Some(told) = next.told.get_mut(&member.fingerprint)
                {
                    told.0 = ToldAs::Silenced;
                }
                visible.push(member);
            }
            Some(by) => {
                if by.is_for_a_while()
                    && routes.resend
                    && !member.resolved
                    && let Some(told) = next.told.get_mut(&member.fingerprint)
                {
                    told.0 = ToldAs::Silenced;
                }
                suppressed.push((member, by));
            }
        }
    }
    let state = &next.clone();
    let told = |member: &Member| state.told.get(&member.fingerprint).copied();
    let firing: Vec<&Member> = visible.iter().copied().filter(|member| !member.resolved).collect();
    let over: Vec<&Member> = visible.iter().copied().filter(|member| member.resolved).collect();
    // What was over before it was told is no news.
    let resolved: Vec<&Member> = over.iter().copied().filter(|member| told(member).is_some()).collect();
    let because = because(&Look { state, ..*look }, &firing, &resolved, sends_resolved, sends_acknowledged);

    let mut forget: Vec<String> = over.iter().map(|member| member.fingerprint.clone()).collect();
    let verdict = if let Some(because) = because {
        next.last_notified_at = Some(now);
        // As in Alertmanager, the new notification takes the place of the old in the log.
        next.told.retain(|fingerprint, told| {
            told.0 == ToldAs::Silenced
                || suppressed.iter().any(|(member, _)| member.resolved && member.fingerprint == *fingerprint)
        });
        for member in &firing {
            let told_as = if member.acknowledged { ToldAs::Acknowledged } else { ToldAs::Firing };
            if member.once {
                forget.push(member.fingerprint.clone());
            } else {
                next.told.insert(member.fingerprint.clone(), (told_as, member.severity));
            }
        }
        let names = |list: &[&Member]| list.iter().map(|member| member.fingerprint.clone()).collect();
        let resolved = if sends_resolved { names(&resolved) } else { Vec::new() };
        Verdict::Notify { because, firing: names(&firing), resolved }
    } else {
        Verdict::Quiet(match (firing.is_empty(), suppressed.is_empty()) {
            (true, false) => Quiet::Suppressed,
            (true, true) if resolved.is_empty() => Quiet::Empty,
            (true, true) => Quiet::ResolvedUnasked,
            (false, _) => Quiet::NothingNew,
        })
    };
    for fingerprint in &forget {
        next.told.remove(fingerprint);
    }
    next.told.retain(|fingerprint, _| members.iter().any(|member| member.fingerprint == *fingerprint));
    next.last_flush_at = Some(now);

    let waiting: Vec<&Member> = firing.iter().copied().filter(|member| !member.acknowledged && !member.once).collect();
    let escalate = escalate(&mut next, settings, group, &waiting, now);
    let due_at = [due_at(&next, settings, group, &waiting, now), look_again(settings, &suppressed, now)];
    let due_at = due_at.into_iter().flatten().min().map(|at| at.max(now));
    if firing.iter().all(|member| member.once) && suppressed.is_empty() {
        // The group is empty: the next alert begins a new one, and waits `group_wait`.
        next = GroupState::default();
    }
    let suppressed = suppressed.into_iter().map(|(member, by)| (member.fingerprint.clone(), by)).collect();
    Flush { verdict, suppressed, next, forget, escalate, due_at }
}

/// What makes a notification necessary, the most pressing first.
fn because(
    look: &Look<'_>,
    firing: &[&Member],
    resolved: &[&Member],
    sends_resolved: bool,
    sends_acknowledged: bool,
) -> Option<Because> {
    let told = |member: &Member| look.state.told.get(&member.fingerprint).copied();
    let ended = |told: Option<(ToldAs, Severity)>| told.is_some_and(|(told_as, _)| told_as == ToldAs::Silenced);
    let is_news = |member: &&&Member| told(member).is_none_or(|(_, severity)| severity < member.severity);
    if firing.iter().any(|member| is_news(&member)) {
        return Some(Because::NewAlerts);
    }
    if firing.iter().any(|member| ended(told(member)) && !member.acknowledged) {
        return Some(Because::SilenceEnded);
    }
    if sends_resolved && !resolved.is_empty() {
        return Some(Because::Resolved);
    }
    let newly_acknowledged =
        |member: &&&Member| member.acknowledged && told(member).is_some_and(|(told_as, _)| told_as == ToldAs::Firing);
    let all_acknowledged = firing.iter().all(|member| member.acknowledged);
    if sends_acknowledged && all_acknowledged && firing.iter().any(|member| newly_acknowledged(&member)) {
        return Some(Because::Acknowledged);
    }
    let repeat = look.state.last_notified_at.and_then(|at| look.settings.repeat_interval.after(at));
    let still_fires = firing.iter().any(|member| !member.acknowledged);
    (still_fires && repeat.is_some_and(|at| at <= look.now)).then_some(Because::Repeat)
}

/// The step that is due, if somebody is waited for.
fn escalate(
    next: &mut GroupState,
    settings: &Settings,
    group: &Group,
    waiting: &[&Member],
    now: Timestamp,
) -> Option<(EscalationStep, Vec<String>)> {
    let told: Vec<&&Member> = waiting.iter().filter(|member| next.told.contains_key(&member.fingerprint)).collect();
    if told.is_empty() {
        (next.alarmed_at, next.escalated) = (None, 0);
        return None;
    }
    let since = *next.alarmed_at.get_or_insert(now);
    // Whom an escalation has told does not escalate himself.
    let step = settings.escalation.get(next.escalated).filter(|_| !is_escalation(settings, group))?;
    if step.after.after(since)? > now {
        return None;
    }
    next.escalated += 1;
    Some((step.clone(), told.iter().map(|member| member.fingerprint.clone()).collect()))
}

fn due_at(
    next: &GroupState,
    settings: &Settings,
    group: &Group,
    waiting: &[&Member],
    now: Timestamp,
) -> Option<Timestamp> {
    let repeat = next.last_notified_at.and_then(|at| settings.repeat_interval.after(at));
    let repeat = repeat.filter(|_| !waiting.is_empty()).map(|at| next_interval(now, settings.group_interval, at));
    let step = next.alarmed_at.filter(|_| !is_escalation(settings, group));
    let step = step.and_then(|since| settings.escalation.get(next.escalated)?.after.after(since));
    [repeat, step].into_iter().flatten().min()
}

/// When what is held back is looked at again: at the end of what holds it, where that is known, and from time to time anyway,
/// because the end may come sooner.
fn look_again(settings: &Settings, suppressed: &[(&Member, SuppressedBy)], now: Timestamp) -> Option<Timestamp> {
    let often = settings.group_interval.max(LOOK_AGAIN).after(now).filter(|_| !suppressed.is_empty());
    suppressed.iter().filter_map(|(_, by)| by.until()).chain(often).min()
}

/// Whether a silence came and went since the group was told last, so that nobody has seen it hold the alert back.
fn ended_unseen(look: &Look<'_>, member: &Member) -> bool {
    let Some(told_at) = look.state.last_notified_at.filter(|_| look.routes.resend && !member.resolved) else {
        return false;
    };
    look.silences.iter().any(|silence| silence.ended_for(&member.labels, told_at, look.now))
}

fn is_escalation(settings: &Settings, group: &Group) -> bool {
    settings.escalation.iter().any(|step| step.receiver == group.receiver)
}
