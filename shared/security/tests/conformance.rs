//! Sigma as its specification (version 2) says it: a table of named cases, each a rule of a kind the community writes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_raw_string_hashes, reason = "tests")]

use nightjar_security::RuleSet;
use nightjar_security::detector::{Detector, Options};
use nightjar_security::rules::RuleFile;
use serde_json::{Value, json};

fn detector(text: &str) -> Detector {
    let set = RuleSet::load([RuleFile { name: "case".to_owned(), text: text.to_owned() }]);
    assert_eq!(set.problems(), [], "{text}");
    let (detector, problems) = Detector::new(&set, Options::default());
    assert_eq!(problems, [], "{text}");
    detector
}

/// What the case shows, the detection, the event, whether it matches.
#[rustfmt::skip]
const CASES: &[(&str, &str, &str, bool)] = &[
    ("equal", r#"{s: {a: x}, condition: s}"#, r#"{"a":"x"}"#, true),
    ("equal ignores case", r#"{s: {a: ABC}, condition: s}"#, r#"{"a":"abc"}"#, true),
    ("cased keeps case", r#"{s: {"a|cased": ABC}, condition: s}"#, r#"{"a":"abc"}"#, false),
    ("equal is whole", r#"{s: {a: x}, condition: s}"#, r#"{"a":"xy"}"#, false),
    ("absent field", r#"{s: {a: x}, condition: s}"#, r#"{"b":"x"}"#, false),
    ("two fields are and", r#"{s: {a: x, b: y}, condition: s}"#, r#"{"a":"x","b":"z"}"#, false),
    ("list is or", r#"{s: {a: [x, y]}, condition: s}"#, r#"{"a":"y"}"#, true),
    ("list without the value", r#"{s: {a: [x, y]}, condition: s}"#, r#"{"a":"z"}"#, false),
    ("list of maps is or", r#"{s: [{a: x}, {b: y}], condition: s}"#, r#"{"b":"y"}"#, true),
    ("list of maps, none", r#"{s: [{a: x}, {b: y}], condition: s}"#, r#"{"b":"x"}"#, false),
    ("star within", r#"{s: {a: "x*z"}, condition: s}"#, r#"{"a":"xyyz"}"#, true),
    ("star is anything", r#"{s: {a: "*"}, condition: s}"#, r#"{"a":"q"}"#, true),
    ("question mark is one", r#"{s: {a: "x?z"}, condition: s}"#, r#"{"a":"xyz"}"#, true),
    ("question mark is not two", r#"{s: {a: "x?z"}, condition: s}"#, r#"{"a":"xyyz"}"#, false),
    ("escaped star is a star", r#"{s: {a: 'x\*z'}, condition: s}"#, r#"{"a":"xyz"}"#, false),
    ("escaped star matches a star", r#"{s: {a: 'x\*z'}, condition: s}"#, r#"{"a":"x*z"}"#, true),
    ("contains", r#"{s: {"a|contains": bc}, condition: s}"#, r#"{"a":"abcd"}"#, true),
    ("contains ignores case", r#"{s: {"a|contains": BC}, condition: s}"#, r#"{"a":"abcd"}"#, true),
    ("contains list is or", r#"{s: {"a|contains": [q, bc]}, condition: s}"#, r#"{"a":"abcd"}"#, true),
    ("contains all", r#"{s: {"a|contains|all": [ab, cd]}, condition: s}"#, r#"{"a":"abcd"}"#, true),
    ("contains all, one missing", r#"{s: {"a|contains|all": [ab, q]}, condition: s}"#, r#"{"a":"abcd"}"#, false),
    ("startswith", r#"{s: {"a|startswith": ab}, condition: s}"#, r#"{"a":"abcd"}"#, true),
    ("startswith, not at the start", r#"{s: {"a|startswith": bc}, condition: s}"#, r#"{"a":"abcd"}"#, false),
    ("endswith", r#"{s: {"a|endswith": cd}, condition: s}"#, r#"{"a":"abcd"}"#, true),
    ("endswith, not at the end", r#"{s: {"a|endswith": bc}, condition: s}"#, r#"{"a":"abcd"}"#, false),
    ("re", r#"{s: {"a|re": "^a.+d$"}, condition: s}"#, r#"{"a":"abcd"}"#, true),
    ("re keeps case", r#"{s: {"a|re": "^A"}, condition: s}"#, r#"{"a":"abcd"}"#, false),
    ("re with i", r#"{s: {"a|re|i": "^A"}, condition: s}"#, r#"{"a":"abcd"}"#, true),
    ("re finds anywhere", r#"{s: {"a|re": "bc"}, condition: s}"#, r#"{"a":"abcd"}"#, true),
    ("cidr", r#"{s: {"a|cidr": 10.0.0.0/8}, condition: s}"#, r#"{"a":"10.1.2.3"}"#, true),
    ("cidr, outside", r#"{s: {"a|cidr": 10.0.0.0/8}, condition: s}"#, r#"{"a":"11.1.2.3"}"#, false),
    ("cidr, no address", r#"{s: {"a|cidr": 10.0.0.0/8}, condition: s}"#, r#"{"a":"x.amazonaws.com"}"#, false),
    ("cidr of IPv6", r#"{s: {"a|cidr": "2001:db8::/32"}, condition: s}"#, r#"{"a":"2001:db8::1"}"#, true),
    ("null matches null", r#"{s: {a: null}, condition: s}"#, r#"{"a":null}"#, true),
    ("null matches an absent field", r#"{s: {a: null}, condition: s}"#, r#"{"b":1}"#, true),
    ("null does not match a value", r#"{s: {a: null}, condition: s}"#, r#"{"a":"x"}"#, false),
    ("empty text is not null", r#"{s: {a: ""}, condition: s}"#, r#"{"a":""}"#, true),
    ("exists", r#"{s: {"a|exists": true}, condition: s}"#, r#"{"a":"x"}"#, true),
    ("exists, absent", r#"{s: {"a|exists": true}, condition: s}"#, r#"{"b":"x"}"#, false),
    ("exists false", r#"{s: {"a|exists": false}, condition: s}"#, r#"{"b":"x"}"#, true),
    ("number", r#"{s: {a: 5}, condition: s}"#, r#"{"a":5}"#, true),
    ("number as text", r#"{s: {a: 5}, condition: s}"#, r#"{"a":"5"}"#, true),
    ("greater", r#"{s: {"a|gt": 5}, condition: s}"#, r#"{"a":6}"#, true),
    ("greater, equal", r#"{s: {"a|gt": 5}, condition: s}"#, r#"{"a":5}"#, false),
    ("greater or equal", r#"{s: {"a|gte": 5}, condition: s}"#, r#"{"a":5}"#, true),
    ("less", r#"{s: {"a|lt": 5}, condition: s}"#, r#"{"a":4}"#, true),
    ("less or equal", r#"{s: {"a|lte": 5}, condition: s}"#, r#"{"a":6}"#, false),
    ("boolean", r#"{s: {a: true}, condition: s}"#, r#"{"a":true}"#, true),
    ("boolean, other", r#"{s: {a: true}, condition: s}"#, r#"{"a":false}"#, false),
    ("fieldref", r#"{s: {"a|fieldref": b}, condition: s}"#, r#"{"a":"x","b":"x"}"#, true),
    ("fieldref, different", r#"{s: {"a|fieldref": b}, condition: s}"#, r#"{"a":"x","b":"y"}"#, false),
    ("fieldref, absent", r#"{s: {"a|fieldref": b}, condition: s}"#, r#"{"a":"x"}"#, false),
    ("base64", r#"{s: {"a|base64": foo}, condition: s}"#, r#"{"a":"Zm9v"}"#, true),
    ("base64offset", r#"{s: {"a|base64offset|contains": foobar}, condition: s}"#, r#"{"a":"eGZvb2Jhcg=="}"#, true),
    ("windash", r#"{s: {"a|windash|contains": " -x"}, condition: s}"#, r#"{"a":"run /x"}"#, true),
    ("keywords", r#"{k: [needle], condition: k}"#, r#"{"a":{"b":"a needle here"}}"#, true),
    ("keywords, absent", r#"{k: [needle], condition: k}"#, r#"{"a":"hay"}"#, false),
    ("nested field", r#"{s: {a.b.c: x}, condition: s}"#, r#"{"a":{"b":{"c":"x"}}}"#, true),
    ("through a list", r#"{s: {a.b: x}, condition: s}"#, r#"{"a":[{"b":"y"},{"b":"x"}]}"#, true),
    ("any of a list", r#"{s: {a: x}, condition: s}"#, r#"{"a":["y","x"]}"#, true),
    ("wildcard in a list", r#"{s: {"a": "x*"}, condition: s}"#, r#"{"a":["y","xz"]}"#, true),
    ("and", r#"{s: {a: x}, t: {b: y}, condition: s and t}"#, r#"{"a":"x","b":"y"}"#, true),
    ("or", r#"{s: {a: x}, t: {b: y}, condition: s or t}"#, r#"{"a":"q","b":"y"}"#, true),
    ("not", r#"{s: {a: x}, t: {b: y}, condition: s and not t}"#, r#"{"a":"x","b":"y"}"#, false),
    ("not, filter absent", r#"{s: {a: x}, t: {b: y}, condition: s and not t}"#, r#"{"a":"x"}"#, true),
    ("brackets", r#"{s: {a: x}, t: {b: y}, u: {c: z}, condition: s and (t or u)}"#, r#"{"a":"x","c":"z"}"#, true),
    ("not before and before or", r#"{s: {a: x}, t: {b: y}, u: {c: z}, condition: s or t and not u}"#, r#"{"a":"x","c":"z"}"#, true),
    ("1 of pattern", r#"{sel_a: {a: x}, sel_b: {b: y}, condition: 1 of sel_*}"#, r#"{"b":"y"}"#, true),
    ("all of pattern", r#"{sel_a: {a: x}, sel_b: {b: y}, condition: all of sel_*}"#, r#"{"b":"y"}"#, false),
    ("1 of them", r#"{s: {a: x}, t: {b: y}, condition: 1 of them}"#, r#"{"b":"y"}"#, true),
    ("all of them", r#"{s: {a: x}, t: {b: y}, condition: all of them}"#, r#"{"a":"x","b":"y"}"#, true),
    ("not 1 of pattern", r#"{s: {a: x}, filter_a: {b: y}, filter_b: {c: z}, condition: s and not 1 of filter_*}"#, r#"{"a":"x","c":"z"}"#, false),
    ("underscore is left out of them", r#"{s: {a: x}, _t: {b: y}, condition: all of them}"#, r#"{"a":"x"}"#, true),
];

#[test]
fn single_rules_match_as_the_specification_says() {
    let mut wrong = Vec::new();
    for (name, detection, event, expected) in CASES {
        let rule = format!("title: {name:?}\nlogsource: {{product: aws}}\ndetection: {detection}\nlevel: low\n");
        let mut event: Value = serde_json::from_str(event).unwrap();
        event["eventTime"] = json!("2026-03-02T10:00:00Z");
        let hit = !detector(&rule).observe(event).is_empty();
        if hit != *expected {
            wrong.push(*name);
        }
    }
    assert_eq!(wrong, [""; 0], "of {} cases", CASES.len());
    assert!(CASES.len() >= 60);
}

/// Minutes and events, and at which of them the correlation matches.
fn correlated(correlation: &str, events: &[(u32, &str, &str, &str)]) -> Vec<usize> {
    let rules = ["a", "b"].map(|name| {
        format!("title: {name}\nname: {name}\nlogsource: {{product: aws}}\ndetection: {{s: {{eventName: {name}}}, condition: s}}\n---\n")
    });
    let mut detector = detector(&format!("{}title: C\ncorrelation: {correlation}\nlevel: high\n", rules.concat()));
    let mut hits = Vec::new();
    for (index, (minute, name, who, value)) in events.iter().enumerate() {
        let at = format!("2026-03-02T10:{minute:02}:00Z");
        let found = detector.observe(json!({"eventTime": at, "eventName": name, "who": who, "value": value}));
        if !found.is_empty() {
            hits.push(index);
        }
    }
    hits
}

#[rstest::rstest]
#[case::event_count("{type: event_count, rules: [a], group-by: [who], timespan: 10m, condition: {gte: 3}}", &[(0, "a", "x", ""), (1, "a", "x", ""), (2, "a", "x", "")], &[2])]
#[case::event_count_of_groups("{type: event_count, rules: [a], group-by: [who], timespan: 10m, condition: {gte: 3}}", &[(0, "a", "x", ""), (1, "a", "y", ""), (2, "a", "x", "")], &[])]
#[case::event_count_out_of_time("{type: event_count, rules: [a], group-by: [who], timespan: 10m, condition: {gte: 3}}", &[(0, "a", "x", ""), (1, "a", "x", ""), (12, "a", "x", "")], &[])]
#[case::value_count("{type: value_count, rules: [a], group-by: [who], timespan: 10m, condition: {field: value, gte: 2}}", &[(0, "a", "x", "1"), (1, "a", "x", "2")], &[1])]
#[case::value_count_of_one_value("{type: value_count, rules: [a], group-by: [who], timespan: 10m, condition: {field: value, gte: 2}}", &[(0, "a", "x", "1"), (1, "a", "x", "1")], &[])]
#[case::temporal("{type: temporal, rules: [a, b], group-by: [who], timespan: 10m}", &[(0, "b", "x", ""), (1, "a", "x", "")], &[1])]
#[case::temporal_of_one("{type: temporal, rules: [a, b], group-by: [who], timespan: 10m}", &[(0, "a", "x", ""), (1, "a", "x", "")], &[])]
#[case::temporal_of_two_groups("{type: temporal, rules: [a, b], group-by: [who], timespan: 10m}", &[(0, "a", "x", ""), (1, "b", "y", "")], &[])]
#[case::temporal_ordered("{type: temporal_ordered, rules: [a, b], group-by: [who], timespan: 10m}", &[(0, "a", "x", ""), (1, "b", "x", "")], &[1])]
#[case::temporal_in_the_other_order("{type: temporal_ordered, rules: [a, b], group-by: [who], timespan: 10m}", &[(0, "b", "x", ""), (1, "a", "x", "")], &[])]
fn correlations_match_as_the_specification_says(
    #[case] correlation: &str,
    #[case] events: &[(u32, &str, &str, &str)],
    #[case] expected: &[usize],
) {
    assert_eq!(correlated(correlation, events), expected);
}

#[rstest::rstest]
#[case::unknown_selection("title: T\nlogsource: {product: aws}\ndetection: {s: {a: x}, condition: t}\n")]
#[case::bad_regex("title: T\nlogsource: {product: aws}\ndetection: {s: {'a|re': '('}, condition: s}\n")]
#[case::huge_regex(
    "title: T\nlogsource: {product: aws}\ndetection: {s: {'a|re': '((a{1000}){1000}){1000}'}, condition: s}\n"
)]
#[case::bad_network("title: T\nlogsource: {product: aws}\ndetection: {s: {'a|cidr': 10.0.0.0/99}, condition: s}\n")]
#[case::other_product("title: T\nlogsource: {product: windows}\ndetection: {s: {a: x}, condition: s}\n")]
#[case::no_yaml("title: [")]
#[case::no_rule("a: b")]
#[case::unknown_reference(
    "title: T\ncorrelation: {type: event_count, rules: [nobody], timespan: 1m, condition: {gte: 1}}\n"
)]
fn what_does_not_load_is_named_and_stops_nothing(#[case] bad: &str) {
    let good = "title: Good\nlogsource: {product: aws}\ndetection: {s: {a: x}, condition: s}\n";
    let file = |name: &str, text: &str| RuleFile { name: name.to_owned(), text: text.to_owned() };
    let set = RuleSet::load([file("bad.yml", bad), file("good.yml", good)]);
    assert_eq!(set.infos().len(), 1, "{:?}", set.problems());
    assert!(set.problems().iter().any(|problem| problem.file == "bad.yml"), "{:?}", set.problems());
}

/// Backtracking engines take minutes for this; ours takes a pass.
#[test]
fn a_catastrophic_expression_is_linear() {
    let mut detector =
        detector("title: T\nlogsource: {product: aws}\ndetection: {s: {'a|re': '^(a+)+$'}, condition: s}\n");
    let began = std::time::Instant::now();
    assert!(detector.observe(json!({"a": format!("{}b", "a".repeat(1 << 20))})).is_empty());
    assert!(began.elapsed() < std::time::Duration::from_secs(10));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn no_rule_text_panics(text in ".{0,200}") {
        let _ = RuleSet::load([RuleFile { name: "x".to_owned(), text: format!("title: T\nlogsource: {{product: aws}}\ndetection:\n  s:\n    {text}\n  condition: s") }]);
    }
}

#[test]
fn wrong_types_missing_fields_duplicates_and_late_events_are_borne() {
    let (mut detector, _) = Detector::new(&RuleSet::bundled(), Options::default());
    for event in [
        json!(null),
        json!([]),
        json!({}),
        json!({"eventName": 5, "userIdentity": [], "eventTime": {}, "requestParameters": "x", "eventID": 7}),
    ] {
        assert!(detector.observe(event).is_empty());
    }
    let stopped = |id: &str, at: &str| json!({"eventID": id, "eventTime": at, "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging"});
    assert_eq!(detector.observe(stopped("1", "2026-03-02T10:00:00Z")).len(), 1);
    assert!(detector.observe(stopped("1", "2026-03-02T10:00:00Z")).is_empty(), "the same event again");
    assert_eq!(detector.observe(stopped("2", "2026-02-02T10:00:00Z")).len(), 1, "late, and not lost");
    assert_eq!(detector.observe(stopped("3", "yesterday")).len(), 1, "without a time the single rules judge");
}
