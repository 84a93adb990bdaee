//! Alertmanager's documented behaviour, case by case (prometheus.io/docs/alerting/latest/configuration), and what goes
//! beyond it.

use super::simulation::World;
use nightjar_domain::routing::Routes;
use rstest::rstest;
use serde_json::{Value, json};

/// Routes with receivers `a`, `b` and `c`, each with one webhook; `route` and `more` are merged in.
pub(crate) fn routes(route: &Value, more: &Value) -> Routes {
    let receiver = |extra: Value| {
        let mut receiver = json!({ "channels": [{ "type": "webhook", "name": "hook", "url": { "env": "U" }, "secret": { "env": "S" } }] });
        receiver.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        receiver
    };
    let quiet = json!([{ "type": "slack", "name": "hook", "url": { "env": "U" } }]);
    let pager = json!([{ "type": "pagerduty", "name": "hook", "routing_key": { "env": "K" } }]);
    let mut document = json!({
        "route": { "receiver": "a", "group_by": ["region"], "group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h" },
        "receivers": {
            "a": receiver(json!({})), "b": receiver(json!({})), "c": receiver(json!({})),
            "quiet": { "channels": quiet }, "pager": { "channels": pager },
        },
    });
    document["route"].as_object_mut().unwrap().extend(route.as_object().unwrap().clone());
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Routes::parse(&document.to_string(), r#"{"products": {}}"#).unwrap()
}

fn play(route: &Value, more: &Value, script: &str) -> Vec<String> {
    let mut world = World::new(routes(route, more));
    world.play(script);
    world.told.iter().map(super::simulation::Told::line).collect()
}

const HOST_DOWN: &str = r#"{"name": "host", "source_matchers": ["cause=host_down"], "target_matchers": ["cause!=host_down"], "equal": ["resource"]}"#;

fn inhibit(rule: &str) -> Value {
    json!({ "inhibit_rules": [serde_json::from_str::<Value>(rule).unwrap()] })
}

#[rstest]
// Routing.
#[case::the_root_takes_what_no_route_takes(json!({"routes": [{"matchers": ["severity=critical"], "receiver": "b"}]}), json!({}),
    "0s fire x severity=low\n1m end", &["30s a/hook new_alerts: x"])]
#[case::the_first_matching_route_has_it(json!({"routes": [{"matchers": ["severity=critical"], "receiver": "b"}, {"receiver": "c"}]}), json!({}),
    "0s fire x severity=critical\n1m end", &["30s b/hook new_alerts: x"])]
#[case::continue_goes_on_to_the_next(json!({"routes": [{"matchers": ["severity=critical"], "receiver": "b", "continue": true}, {"receiver": "c"}]}), json!({}),
    "0s fire x severity=critical\n1m end", &["30s b/hook new_alerts: x", "30s c/hook new_alerts: x"])]
#[case::the_deepest_route_has_it(json!({"routes": [{"matchers": ["severity=critical"], "receiver": "b", "routes": [{"matchers": ["resource=x"], "receiver": "c"}]}]}), json!({}),
    "0s fire x severity=critical\n0s fire y severity=critical\n1m end", &["30s b/hook new_alerts: y", "30s c/hook new_alerts: x"])]
#[case::below_a_route_that_does_not_match_nothing_is_tried(json!({"routes": [{"matchers": ["severity=critical"], "routes": [{"receiver": "c"}]}]}), json!({}),
    "0s fire x severity=low\n1m end", &["30s a/hook new_alerts: x"])]
#[case::settings_are_inherited(json!({"group_wait": "2m", "routes": [{"matchers": ["severity=critical"], "routes": [{"receiver": "c"}]}]}), json!({}),
    "0s fire x severity=critical\n5m end", &["2m c/hook new_alerts: x"])]
#[case::a_route_overrides_what_it_inherits(json!({"routes": [{"matchers": ["severity=critical"], "group_wait": "0s"}]}), json!({}),
    "0s fire x severity=critical\n0s fire y severity=low\n1m end", &["0s a/hook new_alerts: x", "30s a/hook new_alerts: y"])]
#[case::all_matchers_must_hold(json!({"routes": [{"matchers": ["severity=critical", "account=1"], "receiver": "b"}]}), json!({}),
    "0s fire x severity=critical account=2\n1m end", &["30s a/hook new_alerts: x"])]
// Matchers.
#[case::not_equal(json!({"routes": [{"matchers": ["severity!=low"], "receiver": "b"}]}), json!({}),
    "0s fire x severity=low\n0s fire y severity=high\n1m end", &["30s a/hook new_alerts: x", "30s b/hook new_alerts: y"])]
#[case::expressions_match_the_whole_value(json!({"routes": [{"matchers": ["resource=~\"db\""], "receiver": "b"}]}), json!({}),
    "0s fire db\n0s fire db2\n1m end", &["30s a/hook new_alerts: db2", "30s b/hook new_alerts: db"])]
#[case::alternatives_are_anchored_too(json!({"routes": [{"matchers": ["resource=~\"db|web.*\""], "receiver": "b"}]}), json!({}),
    "0s fire web7\n0s fire mydb\n1m end", &["30s a/hook new_alerts: mydb", "30s b/hook new_alerts: web7"])]
#[case::expressions_that_must_not_match(json!({"routes": [{"matchers": ["resource!~\"db.*\""], "receiver": "b"}]}), json!({}),
    "0s fire db1\n0s fire web\n1m end", &["30s a/hook new_alerts: db1", "30s b/hook new_alerts: web"])]
#[case::an_absent_label_is_empty(json!({"routes": [{"matchers": ["tag:team=\"\""], "receiver": "b"}]}), json!({}),
    "0s fire x\n0s fire y tag:team=shop\n1m end", &["30s a/hook new_alerts: y", "30s b/hook new_alerts: x"])]
// Grouping.
#[case::equal_labels_go_out_together(json!({}), json!({}),
    "0s fire x region=eu\n10s fire y region=eu\n1m end", &["30s a/hook new_alerts: x, y"])]
#[case::different_labels_go_out_apart(json!({}), json!({}),
    "0s fire x region=eu\n0s fire y region=us\n1m end", &["30s a/hook new_alerts: x", "30s a/hook new_alerts: y"])]
#[case::no_group_by_is_one_group(json!({"group_by": []}), json!({}),
    "0s fire x region=eu\n0s fire y region=us\n1m end", &["30s a/hook new_alerts: x, y"])]
#[case::dots_group_by_every_label(json!({"group_by": ["..."]}), json!({}),
    "0s fire x region=eu\n0s fire y region=eu\n1m end", &["30s a/hook new_alerts: x", "30s a/hook new_alerts: y"])]
#[case::routes_do_not_share_groups(json!({"routes": [{"matchers": ["severity=high"]}]}), json!({}),
    "0s fire x severity=high\n0s fire y severity=low\n1m end", &["30s a/hook new_alerts: x", "30s a/hook new_alerts: y"])]
#[case::what_comes_after_the_wait_waits_for_the_interval(json!({}), json!({}),
    "0s fire x\n31s fire y\n20m end", &["30s a/hook new_alerts: x", "5m30s a/hook new_alerts: x, y"])]
#[case::intervals_count_from_the_first_look(json!({}), json!({}),
    "0s fire x\n7m fire y\n20m end", &["30s a/hook new_alerts: x", "10m30s a/hook new_alerts: x, y"])]
#[case::no_wait_goes_out_at_once(json!({"group_wait": "0s"}), json!({}),
    "0s fire x\n1m end", &["0s a/hook new_alerts: x"])]
#[case::an_empty_group_begins_anew(json!({}), json!({}),
    "0s fire x\n1m resolve x\n6m fire y\n20m end", &["30s a/hook new_alerts: x", "5m30s a/hook resolved: / over: x", "6m30s a/hook new_alerts: y"])]
// Deduplication and repeating.
#[case::the_same_alert_twice_is_told_once(json!({}), json!({}),
    "0s fire x\n1m fire x\n30m fire x\n2h end", &["30s a/hook new_alerts: x"])]
#[case::what_still_fires_is_repeated(json!({}), json!({}),
    "0s fire x\n9h end", &["30s a/hook new_alerts: x", "4h30s a/hook repeat: x", "8h30s a/hook repeat: x"])]
#[case::repeats_wait_for_an_interval(json!({"repeat_interval": "7m"}), json!({}),
    "0s fire x\n11m end", &["30s a/hook new_alerts: x", "10m30s a/hook repeat: x"])]
#[case::a_new_alert_starts_the_repeat_anew(json!({}), json!({}),
    "0s fire x\n2h fire y\n7h end", &["30s a/hook new_alerts: x", "2h30s a/hook new_alerts: x, y", "6h30s a/hook repeat: x, y"])]
#[case::what_is_over_is_not_repeated(json!({}), json!({}),
    "0s fire x\n1h resolve x\n9h end", &["30s a/hook new_alerts: x", "1h30s a/hook resolved: / over: x"])]
#[case::never_repeats_never(json!({"repeat_interval": "never"}), json!({}),
    "0s fire x\n52w end", &["30s a/hook new_alerts: x"])]
#[case::worse_is_news(json!({"group_by": []}), json!({}),
    "0s fire x severity=high\n10m fire x severity=critical\n20m end", &["30s a/hook new_alerts: x", "10m30s a/hook new_alerts: x"])]
#[case::better_is_none(json!({"group_by": []}), json!({}),
    "0s fire x severity=critical\n10m fire x severity=high\n20m end", &["30s a/hook new_alerts: x"])]
// Resolving.
#[case::over_before_it_was_told_is_no_news(json!({}), json!({}),
    "0s fire x\n10s resolve x\n1h end", &[])]
#[case::part_of_a_group_is_over(json!({}), json!({}),
    "0s fire x\n0s fire y\n1m resolve x\n10m end", &["30s a/hook new_alerts: x, y", "5m30s a/hook resolved: y / over: x"])]
#[case::some_channels_do_not_want_to_hear(json!({"receiver": "quiet"}), json!({}),
    "0s fire x\n1m resolve x\n10m end", &["30s quiet/hook new_alerts: x"])]
#[case::it_fires_again_after_it_was_over(json!({}), json!({}),
    "0s fire x\n1m resolve x\n6m fire x\n10m end", &["30s a/hook new_alerts: x", "5m30s a/hook resolved: / over: x", "6m30s a/hook new_alerts: x"])]
#[case::a_report_is_told_once(json!({}), json!({}),
    "0s report x\n9h end", &["30s a/hook new_alerts: x"])]
// Inhibition.
#[case::a_source_holds_its_target_back(json!({}), inhibit(HOST_DOWN),
    "0s fire down resource=i-1 metric=StatusCheckFailed cause=host_down\n1s fire cpu resource=i-1\n1h end", &["30s a/hook new_alerts: down"])]
#[case::other_values_of_the_equal_labels_do_not(json!({}), inhibit(HOST_DOWN),
    "0s fire down resource=i-1 metric=StatusCheckFailed cause=host_down\n1s fire cpu resource=i-2\n1m end", &["30s a/hook new_alerts: cpu, down"])]
#[case::labels_that_both_lack_are_equal(json!({}), inhibit(r#"{"name": "n", "source_matchers": ["cause=host_down"], "target_matchers": ["cause!=host_down"], "equal": ["tag:rack"]}"#),
    "0s fire down metric=StatusCheckFailed cause=host_down\n1s fire cpu\n1m end", &["30s a/hook new_alerts: down"])]
#[case::when_the_source_is_over_the_target_is_told(json!({}), inhibit(HOST_DOWN),
    "0s fire down resource=i-1 metric=StatusCheckFailed cause=host_down region=eu\n1s fire cpu resource=i-1 region=us\n10m resolve down\n20m end",
    &["30s a/hook new_alerts: down", "10m30s a/hook resolved: / over: down", "10m31s a/hook new_alerts: cpu"])]
#[case::what_matches_both_sides_does_not_hold_itself_back(json!({}), inhibit(r#"{"name": "n", "source_matchers": ["severity=high"], "target_matchers": ["severity=~\"high|low\""]}"#),
    "0s fire x severity=high\n0s fire y severity=high\n0s fire z severity=low\n1m end", &["30s a/hook new_alerts: x, y"])]
#[case::a_group_of_machines_mutes_its_members(json!({}), inhibit(r#"{"name": "asg", "source_matchers": ["resource_type=\"autoscaling:group\""], "target_matchers": ["resource_type=\"ec2:instance\""], "equal": ["tag:asg"]}"#),
    "0s fire asg resource_type=autoscaling:group tag:asg=web\n0s fire i1 resource_type=ec2:instance tag:asg=web\n0s fire i2 resource_type=ec2:instance tag:asg=db\n1m end", &["30s a/hook new_alerts: asg, i2"])]
// Silences.
#[case::a_silence_holds_back(json!({}), json!({}),
    "0s silence 1h resource=x\n0s fire x\n0s fire y\n50m end", &["30s a/hook new_alerts: y"])]
#[case::what_fires_when_its_silence_ends_is_told(json!({}), json!({}),
    "0s silence 1h resource=x\n0s fire x\n2h end", &["1h a/hook new_alerts: x"])]
#[case::what_was_told_before_is_told_again(json!({}), json!({}),
    "0s fire x\n10m silence 1h resource=x\n11m fire x\n2h end", &["30s a/hook new_alerts: x", "1h10m a/hook silence_ended: x"])]
#[case::nobody_need_have_looked_while_it_held(json!({"repeat_interval": "never"}), json!({}),
    "0s fire x\n0s fire y\n10m silence 1h resource=x\n3h end", &["30s a/hook new_alerts: x, y", "1h10m a/hook silence_ended: x, y"])]
#[case::what_somebody_is_on_is_not_told_again(json!({"repeat_interval": "never"}), json!({}),
    "0s fire x\n5m ack x\n10m silence 1h resource=x\n3h end", &["30s a/hook new_alerts: x"])]
#[case::unless_resending_is_off(json!({}), json!({"silences": {"resend": false}}),
    "0s fire x\n10m silence 1h resource=x\n11m fire x\n2h end", &["30s a/hook new_alerts: x"])]
#[case::a_silence_that_is_ended_early(json!({}), json!({}),
    "0s silence 1d resource=x\n0s fire x\n30m expire\n2h end", &["30m a/hook new_alerts: x"])]
#[case::over_while_silenced_is_not_told(json!({}), json!({}),
    "0s silence 1h resource=x\n0s fire x\n30m resolve x\n3h end", &[])]
#[case::a_suppressed_incident_comes_back(json!({}), json!({}),
    "0s fire x\n10m suppress x 1h\n3h end", &["30s a/hook new_alerts: x", "1h10m a/hook silence_ended: x"])]
// Times.
#[case::what_is_over_is_told_though_it_is_suppressed(json!({}), json!({}),
    "0s fire x\n10m suppress x 1d\n20m resolve x\n3h end", &["30s a/hook new_alerts: x", "20m30s a/hook resolved: / over: x"])]
#[case::mute_times_hold_back_until_they_end(json!({"routes": [{"matchers": ["severity=low"], "mute_time_intervals": ["morning"]}]}), json!({"time_intervals": {"morning": [{"times": [{"start_time": "06:00", "end_time": "09:00"}]}]}}),
    "0s fire x severity=low\n0s fire y severity=high\n2h end", &["30s a/hook new_alerts: y", "1h30s a/hook new_alerts: x"])]
#[case::active_times_hold_back_until_they_begin(json!({"routes": [{"matchers": ["severity=low"], "active_time_intervals": ["noon"]}]}), json!({"time_intervals": {"noon": [{"times": [{"start_time": "12:00", "end_time": "13:00"}]}]}}),
    "0s fire x severity=low\n5h end", &["4h30s a/hook new_alerts: x"])]
#[case::times_are_not_inherited(json!({"routes": [{"matchers": ["severity=low"], "mute_time_intervals": ["always"], "routes": [{"matchers": ["resource=x"]}]}]}), json!({"time_intervals": {"always": [{}]}}),
    "0s fire x severity=low\n1m end", &["30s a/hook new_alerts: x"])]
// Beyond Alertmanager: acknowledging and escalating.
#[case::nobody_acknowledges(json!({"escalation": [{"after": "15m", "receiver": "b"}, {"after": "30m", "receiver": "c"}]}), json!({}),
    "0s fire x\n1h end", &["30s a/hook new_alerts: x", "15m30s b/hook new_alerts: x", "30m30s c/hook new_alerts: x"])]
#[case::somebody_does(json!({"escalation": [{"after": "15m", "receiver": "b"}]}), json!({}),
    "0s fire x\n10m ack x\n1h end", &["30s a/hook new_alerts: x"])]
#[case::it_is_over_in_time(json!({"escalation": [{"after": "15m", "receiver": "b"}]}), json!({}),
    "0s fire x\n10m resolve x\n1h end", &["30s a/hook new_alerts: x", "10m30s a/hook resolved: / over: x"])]
#[case::what_is_acknowledged_is_not_repeated(json!({}), json!({}),
    "0s fire x\n1h ack x\n9h end", &["30s a/hook new_alerts: x"])]
#[case::a_pager_hears_that_somebody_is_on_it(json!({"receiver": "pager"}), json!({}),
    "0s fire x\n10m ack x\n1h resolve x\n2h end", &["30s pager/hook new_alerts: x", "10m30s pager/hook acknowledged: x", "1h30s pager/hook resolved: / over: x"])]
fn decision_table(#[case] route: Value, #[case] more: Value, #[case] script: &str, #[case] expected: &[&str]) {
    let mut told = play(&route, &more, script);
    let mut expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
    // What goes out at the same second has no order.
    told.sort();
    expected.sort();
    assert_eq!(told, expected, "\n{script}");
}
