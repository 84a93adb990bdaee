//! A simulated alert-groups table: the conditions of the real one, and a pause before each call in which any other worker
//! may go first.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use nightjar_alert_handler::groups::Groups;
use nightjar_aws::stores::{Disabled, StoreError};
use nightjar_domain::id::GroupId;
use nightjar_domain::incident::Status;
use nightjar_domain::routing::Silence;
use nightjar_domain::routing::backoff::Failures;
use nightjar_domain::routing::group::{Group, GroupState, Member};
use nightjar_domain::routing::held::{Change, Claim, Loaded, Place, Settlement, Thread};
use nightjar_domain::routing::inhibition::Active;
use nightjar_domain::routing::rate_limit::Window;

type Answer<T> = Result<T, StoreError>;

#[derive(Debug, Clone, Default)]
struct Kept {
    member: Option<Member>,
    envelope: String,
    open: BTreeSet<String>,
    acked: BTreeSet<String>,
    suppressed_until: Option<Timestamp>,
}

#[derive(Debug, Clone, Default)]
struct Header {
    group: Option<Group>,
    arrivals: u64,
    token: u64,
    due_at: Option<Timestamp>,
    lease_until: Option<Timestamp>,
    last_flush_at: Option<Timestamp>,
    failures: Option<Failures>,
}

/// Where an incident's alerts are, and the newest change of it with its version.
type Incident = (BTreeSet<Place>, Option<(u64, Change)>);

#[derive(Debug, Default)]
struct Table {
    headers: BTreeMap<GroupId, Header>,
    told: BTreeMap<GroupId, (u64, GroupState)>,
    members: BTreeMap<(GroupId, String), Kept>,
    places: BTreeMap<String, Incident>,
    windows: BTreeMap<(String, Timestamp), u32>,
    disabled: BTreeMap<String, Disabled>,
    threads: BTreeMap<GroupId, Thread>,
}

/// The table; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Simulated(Rc<RefCell<Table>>);

impl Simulated {
    async fn table(&self) -> std::cell::RefMut<'_, Table> {
        tokio::task::yield_now().await;
        self.0.borrow_mut()
    }

    fn put(table: &mut Table, group: &GroupId, member: &Member, incident: &str, envelope: &str) {
        let kept = table.members.entry((group.clone(), member.fingerprint.clone())).or_default();
        kept.member = Some(member.clone());
        envelope.clone_into(&mut kept.envelope);
        kept.open.insert(incident.to_owned());
    }

    fn change_kept(table: &mut Table, group: &GroupId, fingerprint: &str, change: &Change) {
        let Some(kept) = table.members.get_mut(&(group.clone(), fingerprint.to_owned())) else { return };
        match change.to {
            Status::Resolved => {
                kept.open.remove(&change.incident);
                kept.acked.remove(&change.incident);
                kept.suppressed_until = None;
            }
            Status::Acknowledged => {
                kept.acked.insert(change.incident.clone());
                kept.suppressed_until = None;
            }
            Status::Suppressed => kept.suppressed_until = change.until,
            Status::Open => {
                kept.acked.remove(&change.incident);
                kept.suppressed_until = None;
            }
        }
    }

    /// Alerts that were told, counted over all groups.
    pub(crate) fn told(&self) -> usize {
        self.0.borrow().told.values().map(|(_, state)| state.told.len()).sum()
    }

    /// Groups that are due at some time.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.0.borrow().headers.values().filter_map(|header| header.due_at).min()
    }
}

fn active_group() -> GroupId {
    GroupId::from_existing("#active")
}

impl Groups for Simulated {
    async fn note(&self, incident: &str, places: &[Place], _: Timestamp) -> Answer<Option<Change>> {
        let mut table = self.table().await;
        let noted = table.places.entry(incident.to_owned()).or_default();
        noted.0.extend(places.iter().cloned());
        Ok(noted.1.clone().map(|(_, change)| change))
    }

    async fn change(&self, change: &Change, version: u64, _: Timestamp) -> Answer<Vec<Place>> {
        let mut table = self.table().await;
        let noted = table.places.entry(change.incident.clone()).or_default();
        if noted.1.as_ref().is_some_and(|(known, _)| *known > version) {
            return Ok(Vec::new());
        }
        noted.1 = Some((version, change.clone()));
        Ok(noted.0.iter().cloned().collect())
    }

    async fn join(&self, group: &GroupId, member: &Member, incident: &str, envelope: &str, _: Timestamp) -> Answer<()> {
        Self::put(&mut *self.table().await, group, member, incident, envelope);
        Ok(())
    }

    async fn alter(&self, place: &Place, change: &Change) -> Answer<()> {
        Self::change_kept(&mut *self.table().await, &place.group, &place.fingerprint, change);
        Ok(())
    }

    async fn arrive(
        &self,
        group: &Group,
        _: Timestamp,
        due: &dyn Fn(Option<Timestamp>) -> Timestamp,
    ) -> Answer<Timestamp> {
        let last = {
            let mut table = self.table().await;
            let header = table.headers.entry(group.id.clone()).or_default();
            header.group = Some(group.clone());
            header.arrivals += 1;
            header.last_flush_at
        };
        let at = due(last);
        // The second call of the real store: a worker may come between.
        let mut table = self.table().await;
        let header = table.headers.entry(group.id.clone()).or_default();
        if header.due_at.is_none_or(|due_at| due_at > at) {
            header.due_at = Some(at);
        }
        Ok(at)
    }

    async fn group(&self, id: &GroupId) -> Answer<Option<Group>> {
        Ok(self.table().await.headers.get(id).and_then(|header| header.group.clone()))
    }

    async fn due(&self, now: Timestamp, limit: usize) -> Answer<Vec<Group>> {
        let table = self.table().await;
        let mut due: Vec<_> =
            table.headers.values().filter(|header| header.due_at.is_some_and(|at| at <= now)).collect();
        due.sort_by_key(|header| header.due_at);
        Ok(due.into_iter().filter_map(|header| header.group.clone()).take(limit).collect())
    }

    async fn wake(&self, silence: &Silence, now: Timestamp) -> Answer<Vec<Group>> {
        let mut table = self.table().await;
        let held = |kept: &Kept| {
            !kept.open.is_empty() && kept.member.as_ref().is_some_and(|member| silence.holds_back(&member.labels))
        };
        let open = table.members.iter().filter(|((group, _), kept)| *group != active_group() && held(kept));
        let ids: BTreeSet<GroupId> = open.map(|((group, _), _)| group.clone()).collect();
        let mut woken = Vec::new();
        for id in ids {
            let Some(header) = table.headers.get_mut(&id) else { continue };
            header.due_at = Some(header.due_at.map_or(now, |at| at.min(now)));
            woken.extend(header.group.clone());
        }
        Ok(woken)
    }

    async fn claim(&self, group: &GroupId, lease: SignedDuration, now: Timestamp) -> Answer<Option<Claim>> {
        let mut table = self.table().await;
        let Some(header) = table.headers.get_mut(group) else { return Ok(None) };
        let free = header.lease_until.is_none_or(|until| until < now);
        if !free || header.due_at.is_none_or(|at| at > now) {
            return Ok(None);
        }
        header.lease_until = Some(now + lease);
        header.token += 1;
        Ok(header.group.clone().map(|group| Claim {
            group,
            token: header.token,
            arrivals: header.arrivals,
            failures: header.failures,
        }))
    }

    async fn load(&self, group: &GroupId) -> Answer<Loaded> {
        let table = self.table().await;
        let members = table.members.iter().filter(|((id, _), _)| id == group).filter_map(|(_, kept)| {
            let member = kept.member.clone()?;
            Some(Member {
                resolved: kept.open.is_empty(),
                acknowledged: kept.acked.iter().any(|incident| kept.open.contains(incident)),
                suppressed_until: kept.suppressed_until,
                ..member
            })
        });
        let state = table.told.get(group).map(|(_, state)| state.clone()).unwrap_or_default();
        Ok(Loaded { state, members: members.collect() })
    }

    async fn envelope(&self, group: &GroupId, fingerprint: &str) -> Answer<Option<String>> {
        let table = self.table().await;
        let kept = table.members.get(&(group.clone(), fingerprint.to_owned()));
        Ok(kept.map(|kept| kept.envelope.clone()).filter(|text| !text.is_empty()))
    }

    async fn settle(&self, claim: &Claim, settlement: &Settlement, _: Timestamp) -> Answer<bool> {
        {
            let mut table = self.table().await;
            if table.told.get(&claim.group.id).is_some_and(|(token, _)| *token > claim.token) {
                return Ok(false);
            }
            table.told.insert(claim.group.id.clone(), (claim.token, settlement.state.clone()));
        }
        for arrivals in [Some(claim.arrivals), None] {
            let mut table = self.table().await;
            let header = table.headers.get_mut(&claim.group.id).unwrap();
            if header.token != claim.token {
                return Ok(false);
            }
            if arrivals.is_some_and(|arrivals| arrivals != header.arrivals) {
                continue;
            }
            let arrived = arrivals.is_none();
            let soon = settlement.due_for_arrivals;
            header.due_at =
                if arrived { Some(settlement.due_at.map_or(soon, |at| at.min(soon))) } else { settlement.due_at };
            header.last_flush_at = settlement.state.last_flush_at;
            header.failures = settlement.failures;
            header.lease_until = None;
            return Ok(true);
        }
        Ok(false)
    }

    async fn forget(&self, group: &GroupId, member: &Member) -> Answer<()> {
        let mut table = self.table().await;
        let key = (group.clone(), member.fingerprint.clone());
        let same = |kept: &Kept| {
            if member.once {
                kept.member.as_ref().is_some_and(|kept| kept.message == member.message)
            } else {
                kept.open.is_empty()
            }
        };
        if table.members.get(&key).is_some_and(same) {
            table.members.remove(&key);
        }
        Ok(())
    }

    async fn activate(&self, member: &Member, incident: &str, _: Timestamp) -> Answer<()> {
        Self::put(&mut *self.table().await, &active_group(), member, incident, "");
        Ok(())
    }

    async fn alter_active(&self, fingerprint: &str, change: &Change) -> Answer<()> {
        Self::change_kept(&mut *self.table().await, &active_group(), fingerprint, change);
        Ok(())
    }

    async fn active(&self) -> Answer<Vec<Active>> {
        let members = self.load(&active_group()).await?.members.into_iter().filter(|member| !member.resolved);
        Ok(members.map(|Member { fingerprint, title, labels, .. }| Active { fingerprint, title, labels }).collect())
    }

    async fn count(&self, destination: &str, window: Window, limit: u32) -> Answer<bool> {
        let mut table = self.table().await;
        let sent = table.windows.entry((destination.to_owned(), window.starts_at)).or_default();
        let fits = *sent < limit;
        *sent += u32::from(fits);
        Ok(fits)
    }

    async fn disabled(&self, destination: &str) -> Answer<Option<Disabled>> {
        Ok(self.table().await.disabled.get(destination).cloned())
    }

    async fn disable(&self, disabled: &Disabled) -> Answer<()> {
        self.table().await.disabled.insert(disabled.destination.clone(), disabled.clone());
        Ok(())
    }

    async fn enable(&self, destination: &str) -> Answer<()> {
        self.table().await.disabled.remove(destination);
        Ok(())
    }

    async fn thread(&self, group: &GroupId) -> Answer<Option<Thread>> {
        Ok(self.table().await.threads.get(group).cloned())
    }

    async fn keep_thread(&self, group: &GroupId, thread: &Thread, _: Timestamp) -> Answer<()> {
        self.table().await.threads.insert(group.clone(), thread.clone());
        Ok(())
    }
}
