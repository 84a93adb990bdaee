//! What the function needs of a store of groups: the alert-groups table, or a simulated one in tests.

use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use nightjar_aws::stores::{AlertGroupStore, Disabled, StoreError};
use nightjar_domain::id::GroupId;
use nightjar_domain::routing::held::{Change, Claim, Loaded, Place, Settlement, Thread};
use nightjar_domain::routing::inhibition::Active;
use nightjar_domain::routing::rate_limit::Window;
use nightjar_domain::routing::{Group, Member, Silence};

type Answer<T> = Result<T, StoreError>;

macro_rules! groups {
    ($($(#[$doc:meta])* fn $name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        /// A store of groups; [`AlertGroupStore`] says what each call promises.
        pub trait Groups {
            $($(#[$doc])* fn $name(&self, $($argument: $kind),*) -> impl Future<Output = Answer<$answer>>;)*
        }

        impl Groups for AlertGroupStore {
            $(async fn $name(&self, $($argument: $kind),*) -> Answer<$answer> {
                Self::$name(self, $($argument),*).await
            })*
        }
    };
}

groups! {
    fn note(incident: &str, places: &[Place], now: Timestamp) -> Option<Change>;
    fn change(change: &Change, version: u64, now: Timestamp) -> Vec<Place>;
    fn join(group: &GroupId, member: &Member, incident: &str, envelope: &str, now: Timestamp) -> ();
    fn alter(place: &Place, change: &Change) -> ();
    fn arrive(group: &Group, now: Timestamp, due: &dyn Fn(Option<Timestamp>) -> Timestamp) -> Timestamp;
    fn group(id: &GroupId) -> Option<Group>;
    fn due(now: Timestamp, limit: usize) -> Vec<Group>;
    fn wake(silence: &Silence, now: Timestamp) -> Vec<Group>;
    fn claim(group: &GroupId, lease: SignedDuration, now: Timestamp) -> Option<Claim>;
    fn load(group: &GroupId) -> Loaded;
    fn envelope(group: &GroupId, fingerprint: &str) -> Option<String>;
    fn settle(claim: &Claim, settlement: &Settlement, now: Timestamp) -> bool;
    fn forget(group: &GroupId, member: &Member) -> ();
    fn activate(member: &Member, incident: &str, now: Timestamp) -> ();
    fn alter_active(fingerprint: &str, change: &Change) -> ();
    fn active() -> Vec<Active>;
    fn count(destination: &str, window: Window, limit: u32) -> bool;
    fn disabled(destination: &str) -> Option<Disabled>;
    fn disable(disabled: &Disabled) -> ();
    fn enable(destination: &str) -> ();
    fn thread(group: &GroupId) -> Option<Thread>;
    fn keep_thread(group: &GroupId, thread: &Thread, now: Timestamp) -> ();
}
