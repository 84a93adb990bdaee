//! Which resources a window concerns.

use nightjar_domain::maintenance::MaintenanceWindows;
use nightjar_testkit::{INSTANCE, resource};
use serde_json::json;

fn affects(resources: &serde_json::Value) -> bool {
    let json = serde_json::json!({ "windows": [{
        "name": "x", "why": "a test", "resources": resources,
        "when": { "once": { "from": "2026-11-21T10:00:00Z", "until": "2026-11-21T11:00:00Z" } },
    }] });
    MaintenanceWindows::parse(&json.to_string()).unwrap().of(&resource()).count() == 1
}

#[test]
fn resources_are_named_by_id_or_by_all_of_the_tags() {
    assert!(affects(&json!({ "all": true })));
    assert!(affects(&json!({ "ids": ["i-another", INSTANCE] })));
    assert!(affects(&json!({ "ids": [resource().reference.arn] })));
    assert!(affects(&json!({ "tags": { "Name": "checkout", "aiops:monitor": "true" } })));
    assert!(affects(&json!({ "ids": ["i-another"], "tags": { "Name": "checkout" } })));
    assert!(!affects(&json!({ "tags": { "Name": "checkout", "env": "staging" } })));
    assert!(!affects(&json!({ "ids": ["i-another"] })));
}
