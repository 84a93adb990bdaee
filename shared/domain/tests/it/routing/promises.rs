//! What holds whatever happens: no alert is lost, and none is told twice within `repeat_interval`.

use std::collections::BTreeMap;

use super::simulation::{World, alert, start};
use super::table::routes;
use nightjar_domain::id::GroupId;
use nightjar_domain::routing::{Because, Span};
use proptest::prelude::*;
use serde_json::json;

const REPEAT: i64 = 4 * 3600;

fn world() -> World {
    let route = json!({
        "group_by": ["region"],
        "escalation": [{ "after": "20m", "receiver": "c" }],
        "routes": [
            { "matchers": ["severity=critical"], "receiver": "b", "group_wait": "0s", "continue": true },
            { "matchers": ["severity=low"], "mute_time_intervals": ["lunch"] },
        ],
    });
    let more = json!({
        "time_intervals": { "lunch": [{ "times": [{ "start_time": "09:00", "end_time": "10:00" }] }] },
        "inhibit_rules": [{ "name": "down", "source_matchers": ["cause=down"], "target_matchers": ["cause!=down"], "equal": ["region"] }],
    });
    World::new(routes(&route, &more))
}

/// A deed at a second of the first two hours.
fn deed() -> impl Strategy<Value = (i64, String)> {
    let name = "[a-d]";
    let fire = (name, "(low|high|critical)", "(eu|us)", "(down|disk)").prop_map(|(name, severity, region, cause)| {
        format!("fire {name} severity={severity} region={region} cause={cause}")
    });
    let resolve = name.prop_map(|name| format!("resolve {name}"));
    let ack = name.prop_map(|name| format!("ack {name}"));
    let silence = ("[1-9]", name).prop_map(|(minutes, name)| format!("silence {minutes}m resource={name}"));
    let what = prop_oneof![4 => fire, 2 => resolve, 1 => ack, 1 => silence];
    (0_i64..7200, what)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_is_told_twice(mut deeds in proptest::collection::vec(deed(), 1..40)) {
        deeds.sort_by_key(|(second, _)| *second);
        let mut world = world();
        let mut fired = std::collections::BTreeSet::new();
        for (second, deed) in deeds {
            let name = deed.split_whitespace().nth(1).unwrap_or_default().to_owned();
            let needs_alert = deed.starts_with("resolve") || deed.starts_with("ack");
            if deed.starts_with("fire") {
                fired.insert(name);
            } else if needs_alert && !fired.contains(&name) {
                continue;
            }
            world.play(&format!("{} {deed}", Span::Seconds(second)));
        }
        world.play("12h end");

        // Half a day later every alert that still fires was told, or is held back for a reason that still holds.
        for fingerprint in world.untold() {
            prop_assert!(world.held.contains_key(&fingerprint), "{fingerprint} was lost: {:?}", world.told);
        }
        // The same set is not repeated before its time.
        let mut last: BTreeMap<(GroupId, Vec<String>), i64> = BTreeMap::new();
        for told in &world.told {
            let key = (told.group.clone(), told.firing.clone());
            let second = told.at.as_second();
            if told.because == Because::Repeat {
                let before = last.get(&key).copied().unwrap_or(i64::MIN / 2);
                prop_assert!(second - before >= REPEAT, "{} is told again too early: {:?}", told.line(), world.told);
            }
            last.insert(key, second);
        }
    }

    #[test]
    fn one_condition_that_keeps_firing_is_told_once_per_repeat_interval(every in 1_i64..600, hours in 1_i64..30) {
        let mut world = world();
        let mut second = 0;
        while second < hours * 3600 {
            let at = Span::Seconds(second).after(start()).unwrap();
            world.run_until(at);
            world.fire(&alert("a", &["severity=high", "region=eu"], at));
            second += every.max(60);
        }
        world.play(&format!("{hours}h end"));
        let told = world.told.iter().filter(|told| told.destination == "a/hook").count() as i64;
        prop_assert_eq!(told, 1 + (hours * 3600 - 30 - 1) / REPEAT);
    }
}

/// 10,000 alerts of 1,000 resources in ten regions within a minute: one page per region, then one with the rest.
#[test]
fn a_storm_is_a_handful_of_notifications() {
    let mut world = World::new(routes(&json!({}), &json!({})));
    for index in 0..10_000_i64 {
        let at = Span::Seconds(index * 60 / 10_000).after(start()).unwrap();
        world.run_until(at);
        let (name, region) = (format!("i-{}", index % 1000), format!("region=r{}", index % 10));
        world.fire(&alert(&name, &["severity=critical", &region], at));
    }
    world.play("1h end");
    assert!(world.untold().is_empty());
    assert_eq!(
        world.told.len(),
        10,
        "{:?}",
        world.told.iter().map(|told| (told.at, told.firing.len())).collect::<Vec<_>>()
    );
    let told: usize = world.told.iter().map(|told| told.firing.len()).sum();
    assert_eq!(told, 1000);
}

#[test]
fn an_outage_of_one_region_is_one_page() {
    let mut world = World::new(routes(&json!({}), &json!({})));
    for index in 0..500 {
        world.fire(&alert(&format!("i-{index}"), &["severity=critical", "region=eu-central-1"], start()));
    }
    world.play("1h end");
    assert_eq!(world.told.len(), 1);
    assert_eq!(world.told[0].firing.len(), 500);
}
