//! What people set for a type lies between the tags of a resource and the catalogue.

use std::collections::BTreeMap;

use nightjar_domain::catalogue::Catalogue;
use nightjar_domain::coverage::GapKind;
use nightjar_domain::coverage::overrides::Origin;
use nightjar_domain::coverage::products::unknown_types;
use nightjar_domain::coverage::thresholds::ThresholdOverrides;
use nightjar_domain::coverage::{AlarmSpec, CoverageInput, Explanation, explain, plan_coverage};
use nightjar_domain::routing::{Product, product};
use rstest::rstest;
use serde_json::{Value, json};

use crate::world::{INSTANCE, World};

fn set(cpu: &Value) -> ThresholdOverrides {
    let document = json!({ "resource_types": { "ec2:instance": { "CPUUtilization": cpu } } });
    let overrides = ThresholdOverrides::parse(&document.to_string()).unwrap();
    ThresholdOverrides { place: "version 3 by anna".to_owned(), ..overrides }
}

/// The CPU's alarms on an instance with `tags`, and each explained.
fn cpu(overrides: ThresholdOverrides, tags: &[(&str, &str)]) -> Vec<(AlarmSpec, Explanation)> {
    cpu_of_product(overrides, &Value::Null, tags)
}

/// The same where the instance belongs to a product that says `thresholds`.
fn cpu_of_product(
    overrides: ThresholdOverrides,
    thresholds: &Value,
    tags: &[(&str, &str)],
) -> Vec<(AlarmSpec, Explanation)> {
    let (mut catalogue, left_out) = Catalogue::bundled().unwrap().overridden(overrides);
    assert_eq!(left_out, Vec::<String>::new());
    if !thresholds.is_null() {
        catalogue.products = products(thresholds);
    }
    planned(catalogue, tags, |input| {
        let alarms = plan_coverage(input).create.into_iter().map(|creation| creation.alarm);
        let of_cpu = alarms.filter(|alarm| alarm.metric == "CPUUtilization");
        of_cpu.map(|alarm| (explain(input, &alarm.name).unwrap(), alarm)).map(|(why, alarm)| (alarm, why)).collect()
    })
}

/// What `judge` makes of one instance with `tags` that no alarm watches yet.
fn planned<T>(catalogue: Catalogue, tags: &[(&str, &str)], judge: impl FnOnce(CoverageInput<'_>) -> T) -> T {
    let world = World { catalogue, ..World::new(&[(INSTANCE, tags)]) };
    judge(world.input())
}

fn products(thresholds: &Value) -> Vec<Product> {
    let shop = json!({ "matchers": ["tag:app=\"shop\""], "owner": "team-shop", "criticality": "high", "thresholds": thresholds });
    let other = json!({ "matchers": ["resource_type=~\"ec2:.*\""], "owner": "it", "criticality": "low",
        "thresholds": { "ec2:instance": { "CPUUtilization": { "critical": 11.0, "why": "another product's" } } } });
    product::parse(&json!({ "products": { "shop": shop, "all": other } }).to_string()).unwrap()
}

fn from(explanation: &Explanation, name: &str) -> (Origin, String) {
    let value = explanation.values.iter().find(|value| value.name == name).unwrap();
    (value.from, value.place.clone())
}

#[test]
fn what_is_set_takes_the_catalogues_place_and_says_whose_it_is() {
    let alarms = cpu(set(&json!({ "critical": 97.0, "why": "batch nights" })), &[]);
    assert_eq!(alarms.iter().map(|(alarm, _)| alarm.threshold).collect::<Vec<_>>(), [97.0]);
    let (origin, place) = from(&alarms[0].1, "threshold");
    assert_eq!(origin, Origin::Override);
    assert!(place.contains("version 3 by anna") && place.contains("batch nights"), "{place}");
    assert_eq!(from(&alarms[0].1, "datapoints").0, Origin::Catalogue);
}

#[test]
fn a_tag_of_the_resource_outweighs_what_is_set() {
    let tags = [("aiops:alarm:CPUUtilization", "critical=88")];
    let alarms = cpu(set(&json!({ "critical": 97.0, "period_seconds": 600, "why": "x" })), &tags);
    assert_eq!((alarms[0].0.threshold, alarms[0].0.period_seconds), (88.0, 600));
    assert_eq!(from(&alarms[0].1, "threshold").0, Origin::MetricTag);
    assert_eq!(from(&alarms[0].1, "period").0, Origin::Override);
}

#[rstest]
#[case::catalogue(json!(null), &[], &[95.0])]
#[case::a_warning_switches_both_on(json!({ "warning": 70.0, "why": "x" }), &[], &[95.0, 70.0])]
#[case::off(json!({ "levels": "off", "why": "x" }), &[], &[])]
#[case::off_and_a_tag_for_all(json!({ "levels": "off", "why": "x" }), &[("aiops:alarms", "all")], &[])]
#[case::off_and_a_threshold_by_tag(json!({ "levels": "off", "why": "x" }), &[("aiops:alarm:CPUUtilization", "critical=88")], &[88.0])]
#[case::all_and_a_tag_for_critical(json!({ "levels": "all", "why": "x" }), &[("aiops:alarms", "critical")], &[95.0])]
#[case::a_tag_that_contradicts_it(json!({ "critical": 85.0, "why": "x" }), &[("aiops:alarm:CPUUtilization", "warning=90")], &[85.0])]
fn levels_follow_the_order_of_precedence(#[case] said: Value, #[case] tags: &[(&str, &str)], #[case] expected: &[f64]) {
    let overrides = if said.is_null() { ThresholdOverrides::default() } else { set(&said) };
    let alarms = cpu(overrides, tags);
    assert_eq!(alarms.iter().map(|(alarm, _)| alarm.threshold).collect::<Vec<_>>(), expected);
}

const OF_SHOP: (&str, &str) = ("app", "shop");

#[rstest]
#[case::product_before_what_is_set(json!({ "critical": 98.0, "why": "x" }), &[OF_SHOP], &[(98.0, Origin::Product)])]
#[case::tag_before_product(json!({ "critical": 98.0, "why": "x" }), &[OF_SHOP, ("aiops:alarm:CPUUtilization", "critical=88")], &[(88.0, Origin::MetricTag)])]
#[case::product_says_nothing_of_it(json!({ "period_seconds": 600, "why": "x" }), &[OF_SHOP], &[(97.0, Origin::Override)])]
#[case::product_switches_the_warning_on(json!({ "warning": 60.0, "why": "x" }), &[OF_SHOP], &[(97.0, Origin::Override), (60.0, Origin::Product)])]
#[case::product_switches_it_off(json!({ "levels": "off", "why": "x" }), &[OF_SHOP], &[])]
#[case::less_critical_product(json!({ "critical": 98.0, "why": "x" }), &[], &[(11.0, Origin::Product)])]
fn a_product_lies_between_tags_and_what_is_set(
    #[case] said: Value,
    #[case] tags: &[(&str, &str)],
    #[case] expected: &[(f64, Origin)],
) {
    let overrides = set(&json!({ "critical": 97.0, "why": "batch nights" }));
    let alarms = cpu_of_product(overrides, &json!({ "ec2:instance": { "CPUUtilization": said } }), tags);
    let found: Vec<_> = alarms.iter().map(|(alarm, why)| (alarm.threshold, from(why, "threshold").0)).collect();
    assert_eq!(found, expected);
    if let Some((_, why)) = alarms.first().filter(|_| expected[0].1 == Origin::Product) {
        let place = from(why, "threshold").1;
        assert!(place.starts_with("product ") && place.contains("thresholds ec2:instance CPUUtilization: "), "{place}");
    }
}

#[rstest]
#[case::contradicts(json!({ "ec2:instance": { "CPUUtilization": { "warning": 99.0, "why": "x" } } }), "CPUUtilization", "does not come before critical")]
#[case::unknown_metric(json!({ "ec2:instance": { "Heat": { "critical": 1.0, "why": "x" } } }), "Heat", "none of the type's metrics")]
fn what_a_product_says_and_cannot_be_used_is_told_on_its_resources_and_left_out(
    #[case] thresholds: Value,
    #[case] metric: &str,
    #[case] problem: &str,
) {
    let overrides = set(&json!({ "critical": 97.0, "why": "batch nights" }));
    let (mut catalogue, _) = Catalogue::bundled().unwrap().overridden(overrides);
    catalogue.products = products(&thresholds);
    let plan = planned(catalogue, &[("app", "shop")], plan_coverage);
    let alarm = plan.create.iter().map(|creation| &creation.alarm).find(|alarm| alarm.metric == "CPUUtilization");
    assert!((alarm.unwrap().threshold - 97.0).abs() < 1e-9, "what is set at run time is in force");
    let gaps = plan.resources[0].gaps.iter().filter(|gap| gap.kind == GapKind::BadProductThreshold);
    let [gap] = gaps.collect::<Vec<_>>()[..] else { panic!("{:?}", plan.resources[0].gaps) };
    assert!(gap.what.contains("the product shop") && gap.what.contains(problem), "{}", gap.what);
    assert!(gap.fix.contains(&format!("thresholds.ec2:instance.{metric} of the product shop")), "{}", gap.fix);
}

#[test]
fn products_are_refused_where_they_contradict_themselves_and_unknown_types_are_told() {
    let document = |thresholds: Value| {
        let shop =
            json!({ "matchers": ["tag:app=\"shop\""], "owner": "x", "criticality": "low", "thresholds": thresholds });
        json!({ "products": { "shop": shop } }).to_string()
    };
    let contradictory =
        json!({ "ec2:instance": { "CPUUtilization": { "levels": "off", "critical": 9.0, "why": "x" } } });
    let error = product::parse(&document(contradictory)).unwrap_err().to_string();
    let place = "products.shop.thresholds.ec2:instance.CPUUtilization: it says off, and values besides";
    assert!(error.contains(place), "{error}");
    let unknown = json!({ "ec2:toaster": { "Heat": { "critical": 9.0, "why": "x" } } });
    let products = product::parse(&document(unknown)).unwrap();
    let told = unknown_types(&products, &Catalogue::bundled().unwrap());
    assert_eq!(told, ["products.shop.thresholds: \"ec2:toaster\" is no type of the catalogue"]);
}

#[test]
fn what_no_longer_fits_the_catalogue_is_left_out_and_told() {
    let document = json!({ "resource_types": {
        "ec2:instance": { "CPUUtilization": { "critical": 97.0, "why": "x" }, "Gone": { "critical": 1.0, "why": "x" } },
        "ec2:toaster": { "Heat": { "critical": 1.0, "why": "x" } },
    } });
    let overrides = ThresholdOverrides::parse(&document.to_string()).unwrap();
    let (catalogue, left_out) = Catalogue::bundled().unwrap().overridden(overrides);
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    assert!(left_out[0].starts_with("resource_types.ec2:instance.Gone: ") && left_out[1].contains("ec2:toaster"));
    assert!(catalogue.overrides.of("ec2:instance", "CPUUtilization").is_some());
    assert!(catalogue.overrides.of("ec2:instance", "Gone").is_none());
    let of_types: BTreeMap<_, _> = catalogue.overrides.resource_types;
    assert!(of_types["ec2:toaster"].is_empty());
}
