//! Any number of workers at once, in any order of their calls: nothing is sent twice, nothing is lost.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context as Task, Poll, Waker};

use crate::store::Simulated;
use jiff::{SignedDuration, Timestamp};
use nightjar_alert_handler::groups::Groups;
use nightjar_domain::routing::group::{Group, Member, due_for_arrival};
use nightjar_domain::routing::held::Settlement;
use nightjar_domain::routing::tree::Settings;
use nightjar_domain::routing::{Labels, Look, Routes, Verdict, flush};
use nightjar_domain::severity::Severity;
use proptest::prelude::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_255_200 + second).unwrap()
}

fn member(index: usize) -> Member {
    Member {
        fingerprint: format!("f{index}"),
        labels: Labels::default(),
        severity: Severity::High,
        title: format!("alert {index}"),
        message: format!("inc_{index}"),
        once: false,
        resolved: false,
        acknowledged: false,
        suppressed_until: None,
        starts_at: at(0),
    }
}

/// What a delivery of an alert does: join, arrive, and look if it is due.
async fn deliver(store: Simulated, routes: Rc<Routes>, index: usize, sent: Rc<RefCell<Vec<String>>>, now: Timestamp) {
    let group = Group::new("root", "default", "webhook", Labels::default());
    let settings = &routes.root.settings;
    let member = member(index);
    store.join(&group.id, &member, &member.message, "", now).await.unwrap();
    store.arrive(&group, now, &|last| due_for_arrival(last, settings, now)).await.unwrap();
    look(&store, &routes, settings, &group, &sent, now).await;
}

async fn look(
    store: &Simulated,
    routes: &Routes,
    settings: &Settings,
    group: &Group,
    sent: &RefCell<Vec<String>>,
    now: Timestamp,
) {
    let Some(claim) = store.claim(&group.id, SignedDuration::from_secs(30), now).await.unwrap() else { return };
    let loaded = store.load(&group.id).await.unwrap();
    let flushed = flush(&Look {
        routes,
        settings,
        group,
        state: &loaded.state,
        members: &loaded.members,
        silences: &[],
        active: &[],
        now,
    });
    if let Verdict::Notify { firing, .. } = &flushed.verdict {
        let news = firing.iter().filter(|fingerprint| !loaded.state.told.contains_key(*fingerprint));
        // Sending takes a while, in which others go on.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        sent.borrow_mut().extend(news.cloned());
    }
    let due_for_arrivals = due_for_arrival(flushed.next.last_flush_at, settings, now);
    let settlement = Settlement { state: flushed.next, due_at: flushed.due_at, due_for_arrivals, failures: None };
    store.settle(&claim, &settlement, now).await.unwrap();
}

/// Runs the workers to their end; each step goes to the one that `order` says.
fn run(mut workers: Vec<Pin<Box<dyn Future<Output = ()>>>>, order: &[usize]) {
    let mut task = Task::from_waker(Waker::noop());
    let mut step = 0;
    while !workers.is_empty() {
        let index = order.get(step % order.len()).copied().unwrap_or(0) % workers.len();
        step += 1;
        if let Poll::Ready(()) = workers[index].as_mut().poll(&mut task) {
            drop(workers.remove(index));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn each_alert_is_sent_once_in_every_order(
        alerts in 1_usize..6,
        redelivered in 0_usize..4,
        order in proptest::collection::vec(0_usize..8, 8..120),
    ) {
        let (store, sent) = (Simulated::default(), Rc::new(RefCell::new(Vec::new())));
        let routes = Rc::new(Routes::bundled().unwrap());
        let workers = (0..alerts + redelivered)
            .map(|index| {
                let delivery = deliver(store.clone(), Rc::clone(&routes), index % alerts, Rc::clone(&sent), at(0));
                Box::pin(delivery) as Pin<Box<dyn Future<Output = ()>>>
            })
            .collect();
        run(workers, &order);
        // Whoever came while another looked is found by the schedule.
        for second in [60, 120] {
            let (store, routes, sent) = (store.clone(), Rc::clone(&routes), Rc::clone(&sent));
            let tick = async move {
                for group in store.due(at(second), 10).await.unwrap() {
                    look(&store, &routes, &routes.root.settings, &group, &sent, at(second)).await;
                }
            };
            run(vec![Box::pin(tick)], &[0]);
        }
        let mut sent = sent.borrow().clone();
        sent.sort();
        let all: Vec<String> = (0..alerts).map(|index| format!("f{index}")).collect();
        prop_assert_eq!(sent, all);
    }
}
