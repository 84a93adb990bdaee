//! What happened under maintenance is nothing to learn from.

use std::path::Path;

use anyhow::Context as _;
use nightjar_aws::stores::InventoryStore;
use nightjar_domain::maintenance::MaintenanceWindows;
use nightjar_model::train::TrainingSeries;

/// Takes the datapoints out that lie in a window of the instance. Its tags, by which windows find it, are the inventory's.
pub(super) async fn leave_out(
    series: &mut [TrainingSeries],
    file: &Path,
    inventory: &InventoryStore,
    instance: &str,
) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let windows = MaintenanceWindows::parse(&text).with_context(|| format!("{} cannot be used", file.display()))?;
    let resources = inventory.all().await?;
    let resource = resources.iter().find(|resource| resource.reference.id == instance).with_context(|| {
        format!("{instance} is not onboarded, so which windows concern it is not known: tag it and wait for onboarding")
    })?;
    for one in series {
        one.points.retain(|point| !windows.cover(resource, point.at, one.period_seconds));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::operation::scan::ScanOutput;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use nightjar_model::Datapoint;
    use nightjar_testkit::{INSTANCE, at, resource};

    fn inventory() -> InventoryStore {
        let item = serde_dynamo::to_item(resource()).unwrap();
        let rule = mock!(Client::scan).then_output(move || ScanOutput::builder().items(Clone::clone(&item)).build());
        InventoryStore::new(mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&rule]), "inventory".to_owned())
    }

    fn document(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("windows.json");
        std::fs::write(&file, text).unwrap();
        (folder, file)
    }

    const WINDOWS: &str = r#"{ "windows": [{
        "name": "move", "why": "a test", "resources": { "all": true },
        "when": { "once": { "from": "2026-11-21T10:00:00Z", "until": "2026-11-21T11:00:00Z" } }
    }] }"#;

    fn an_hour_and_more() -> Vec<TrainingSeries> {
        let opens = at("2026-11-21T10:00:00Z").as_second();
        let points = (-2..14).map(|step| Datapoint { at: opens + step * 300, value: 1.0 }).collect();
        vec![TrainingSeries { name: "cpu".to_owned(), period_seconds: 300, points }]
    }

    #[tokio::test]
    async fn datapoints_of_a_window_are_left_out_and_no_others() {
        let (mut series, (_folder, file)) = (an_hour_and_more(), document(WINDOWS));
        leave_out(&mut series, &file, &inventory(), INSTANCE).await.unwrap();
        assert_eq!(series[0].points.len(), 4);
    }

    #[rstest::rstest]
    #[case::unknown_instance(WINDOWS, "i-00000000000000000", "i-00000000000000000 is not onboarded")]
    #[case::no_document("{", INSTANCE, "windows.json cannot be used")]
    #[tokio::test]
    async fn what_is_wrong_is_named(#[case] text: &str, #[case] instance: &str, #[case] expected: &str) {
        let (mut series, (_folder, file)) = (an_hour_and_more(), document(text));
        let error = leave_out(&mut series, &file, &inventory(), instance).await.unwrap_err();
        assert!(format!("{error:#}").contains(expected), "{error:#}");
    }
}
