//! How long it takes to verify a trail of a million entries, read as an export is.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use nightjar_domain::audit::{AuditEntry, ChainId, Fact, FactKind, Retention, Tip, verify_export};
use serde_json::json;

const ENTRIES: usize = 1_000_000;

/// The text of an export, with entries as the root-cause analysis writes them.
fn export() -> String {
    let mut tips: Vec<Tip> = vec![Tip::genesis(); ChainId::COUNT];
    let mut text = String::new();
    for number in 0..ENTRIES {
        let (subject, cause) = (format!("inc_{number:020x}"), format!("anm_{number:020x}"));
        let details =
            json!({ "severity": "high", "score": 0.985, "resource": "i-0a1b2c3d4e5f60718", "number": number });
        let fact = Fact::new(
            FactKind::IncidentOpened,
            "log-analyzer-rca",
            &subject,
            Some(&cause),
            Timestamp::UNIX_EPOCH,
            details,
        );
        let chain = ChainId::of(&fact.id);
        let Some(tip) = ChainId::all().position(|other| other == chain).and_then(|index| tips.get_mut(index)) else {
            continue;
        };
        let Ok(entry) = AuditEntry::next(&chain.name(), tip, fact) else { continue };
        *tip = entry.tip();
        text.extend(entry.to_canonical_json());
        text.push('\n');
    }
    text
}

fn verify(criterion: &mut Criterion) {
    let text = export();
    let retention = Retention::bundled();
    let mut group = criterion.benchmark_group("verify 1,000,000 entries");
    group.sample_size(10).throughput(Throughput::Elements(ENTRIES as u64));
    for workers in [1, 2] {
        group.bench_function(format!("{workers} worker(s)"), |bencher| {
            bencher.iter(|| {
                let (Ok(export), Ok(retention)) = (verify_export(black_box(text.as_bytes()), workers), &retention)
                else {
                    return false;
                };
                let report = export.verifier.finish(None, retention, Timestamp::UNIX_EPOCH);
                assert!(report.valid && report.entries == ENTRIES as u64, "{:?}", report.first_bad);
                report.valid
            });
        });
    }
    group.finish();
}

criterion_group!(benches, verify);
criterion_main!(benches);
