//! Many writers at once on a real table: nothing lost, no gap, no fork.

use std::time::Instant;

use nightjar_aws::clients;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::AuditStore;
use nightjar_domain::audit::{Fact, FactKind, Retention, Verifier};
use nightjar_testkit::now;
use serde_json::json;

fn facts(run: &str, writer: u32, count: u32) -> Vec<Fact> {
    (0..count)
        .map(|number| {
            let subject = format!("{run}/{writer}/{number}");
            Fact::new(
                FactKind::NotificationSent,
                "alert-handler",
                &subject,
                Some(run),
                now(),
                json!({ "number": number }),
            )
        })
        .collect()
}

#[tokio::test]
#[ignore = "needs a table: tests/chain/test_audit.py runs it on the local AWS"]
async fn concurrent_writers_lose_nothing() {
    let mut environment = Environment::process();
    let table = environment.required("AUDIT_TABLE");
    let run = environment.required("AUDIT_RUN");
    let (writers, each) = (environment.parsed_or("WRITERS", 20_u32), environment.parsed_or("ENTRIES_EACH", 100_u32));
    environment.finish(()).unwrap();
    let store = AuditStore::new(aws_sdk_dynamodb::Client::new(&clients::load().await), table);
    let mut before = Verifier::default();
    store.walk(&mut before, |_| ()).await.unwrap();
    let before = before.finish(None, &Retention::bundled().unwrap(), now()).entries;

    let started = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let (store, facts) = (store.clone(), facts(&run, writer, each));
            tokio::spawn(async move {
                for fact in facts {
                    // Told twice, as a redelivered event would: recorded once.
                    store.record(std::slice::from_ref(&fact)).await.unwrap();
                    if writer == 0 {
                        store.record(&[fact]).await.unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let seconds = started.elapsed().as_secs_f64();

    let mut after = Verifier::default();
    let mut written = 0;
    store
        .walk(&mut after, |text| written += u64::from(text.contains(&format!("\"because_of\":\"{run}\""))))
        .await
        .unwrap();
    let report = after.finish(None, &Retention::bundled().unwrap(), now());
    assert!(report.valid, "{report:?}");
    let told = u64::from(writers * each);
    assert_eq!((written, report.entries), (told, before + told));
    println!("{writers} writers, {told} entries in {seconds:.1} s: {:.0} a minute", told as f64 * 60.0 / seconds);
}
