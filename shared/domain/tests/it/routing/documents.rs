//! The documents: everything wrong is told at once, with its place.

use jiff::SignedDuration;
use nightjar_domain::routing::{Channel, Labels, Routes, Silence, Span};
use nightjar_testkit::now;
use rstest::rstest;

const NO_PRODUCTS: &str = r#"{"products": {}}"#;

#[test]
fn what_ships_tells_each_incident_at_once() {
    let routes = Routes::bundled().unwrap();
    let settings = &routes.root.settings;
    assert_eq!(
        (settings.group_wait, settings.group_interval, settings.repeat_interval),
        (Span::ZERO, Span::ZERO, Span::Never)
    );
    let channels: Vec<&str> = routes.receivers["default"].channels.iter().map(Channel::name).collect();
    assert_eq!(channels, ["slack", "webhook"]);
    assert!(!routes.looks_at_tags(), "the inventory need not be read");
}

#[test]
fn every_problem_is_told_with_its_place() {
    let routes = r#"{
        "route": {
            "receiver": "ops",
            "matchers": ["severity=critical"],
            "group_by": ["region", "colour", "region"],
            "routes": [
                {"matchers": ["severity", "flavour=sweet", "resource=~\"(\""], "receiver": "nobody", "group_wait": "soon", "mute_time_intervals": ["siesta"]},
                {"group_by": ["...", "region"], "group_interval": "never", "escalation": [{"after": "10m", "receiver": "nobody"}, {"after": "5m", "receiver": "ops"}]}
            ]
        },
        "receivers": {
            "ops": {"channels": [{"type": "pigeon"}, {"type": "slack", "url": {"env": "A"}}, {"type": "slack", "url": {"env": "B"}}], "rate_limit": {"notifications": 0, "per": "1m"}}
        },
        "inhibit_rules": [{"name": "n", "source_matchers": [], "target_matchers": ["severity=low"], "equal": ["colour"]}],
        "time_intervals": {"night": [{"times": [{"start_time": "25:00", "end_time": "06:00"}]}]},
        "silences": {"max_length": "long"}
    }"#;
    let error = Routes::parse(routes, NO_PRODUCTS).unwrap_err().to_string();
    insta::assert_snapshot!(error.replace("; ", "\n"));
}

#[test]
fn products_are_checked_too() {
    let products = r#"{"products": {
        "shop": {"matchers": ["severity=critical", "tag:app"], "owner": " ", "criticality": "high", "runbook": "ask Bob"},
        "all": {"matchers": ["tag:app=~\".*\""], "owner": "web", "criticality": "low"}
    }}"#;
    let error =
        Routes::parse(include_str!("../../../../../config/alert_routes.json"), products).unwrap_err().to_string();
    insta::assert_snapshot!(error.replace("; ", "\n"));
}

#[test]
fn the_most_critical_product_has_the_resource() {
    let products = r#"{"products": {
        "a-site": {"matchers": ["tag:app=\"shop\""], "owner": "web", "criticality": "low"},
        "checkout": {"matchers": ["tag:app=~\"shop|pay\""], "owner": "pay", "criticality": "critical", "channel": "default"}
    }}"#;
    let routes = Routes::parse(include_str!("../../../../../config/alert_routes.json"), products).unwrap();
    assert!(routes.looks_at_tags());
    let labels = |app: &str| Labels::from_iter([("tag:app", app)]).with_product(&routes.products);
    assert_eq!(labels("shop").get("product"), "checkout");
    assert_eq!(labels("blog").get("product"), "");
}

#[rstest]
#[case::matches_everything(&["resource=~\".*\""], "ops", "why", 1, "silence everything")]
#[case::no_matcher(&[], "ops", "why", 1, "silence everything")]
#[case::nobody(&["resource=x"], "", "why", 1, "owner is empty")]
#[case::no_reason(&["resource=x"], "ops", " ", 1, "reason is empty")]
#[case::over(&["resource=x"], "ops", "why", 0, "before it can begin")]
#[case::too_long(&["resource=x"], "ops", "why", 31 * 24, "longer than 4w2d")]
fn silences_are_bounded(
    #[case] matchers: &[&str],
    #[case] owner: &str,
    #[case] reason: &str,
    #[case] hours: i64,
    #[case] expected: &str,
) {
    let matchers = matchers.iter().map(|text| text.parse().unwrap()).collect();
    let times = (now(), now() + SignedDuration::from_hours(hours));
    let error = Silence::new(matchers, owner, reason, times, Span::minutes(30 * 24 * 60), now()).unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
}
