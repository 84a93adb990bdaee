//! Silences are read to the last page, and one that was ended early holds no longer.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use jiff::SignedDuration;
use nightjar_aws::stores::SilenceStore;
use nightjar_domain::routing::{Silence, Span};
use nightjar_testkit::now;

use crate::{Item, number, text};

fn store(rules: &[&Rule]) -> SilenceStore {
    SilenceStore::new(
        mock_client!(aws_sdk_dynamodb, RuleMode::Sequential, rules.iter().copied()),
        "aiops-silences".to_owned(),
    )
}

fn silence() -> Silence {
    let span = (now(), now() + SignedDuration::from_hours(2));
    Silence::new(vec!["resource=i-1".parse().unwrap()], "ops", "upgrade", span, Span::Never, now()).unwrap()
}

fn item(silence: &Silence) -> Item {
    Item::from([("silence".to_owned(), text(&serde_json::to_string(silence).unwrap()))])
}

#[tokio::test]
async fn every_page_is_read_and_an_early_end_counts() {
    let key = Item::from([("id".to_owned(), text("sil_1"))]);
    let first = mock!(Client::scan).then_output(move || {
        ScanOutput::builder().items(item(&silence())).set_last_evaluated_key(Some(key.clone())).build()
    });
    let second = mock!(Client::scan).then_output(|| {
        let mut ended = item(&silence());
        ended.insert("ended_at".to_owned(), text(&now().to_string()));
        ScanOutput::builder().items(ended).build()
    });
    let silences = store(&[&first, &second]).all().await.unwrap();
    let holds: Vec<bool> = silences.iter().map(|silence| silence.is_active(now())).collect();
    assert_eq!(holds, [false, true]);
}

#[tokio::test]
async fn an_item_that_is_no_silence_is_an_error_not_a_silence_less() {
    let strange = mock!(Client::scan).then_output(|| ScanOutput::builder().items(Item::new()).build());
    assert!(store(&[&strange]).all().await.unwrap_err().to_string().contains("without silence"));
}

#[tokio::test]
async fn a_silence_is_kept_for_a_month_after_its_end() {
    let put = mock!(Client::put_item)
        .match_requests(|request| {
            let expires = silence().ends_at + SignedDuration::from_hours(24 * 30);
            request.item().unwrap()["expires_at"] == number(expires.as_second())
        })
        .then_output(|| PutItemOutput::builder().build());
    store(&[&put]).put(&silence()).await.unwrap();
}

#[tokio::test]
async fn only_what_is_there_can_be_ended() {
    let known = mock!(Client::update_item).then_output(|| UpdateItemOutput::builder().build());
    let unknown = mock!(Client::update_item).then_error(|| {
        UpdateItemError::ConditionalCheckFailedException(ConditionalCheckFailedException::builder().build())
    });
    let store = store(&[&known, &unknown]);
    let ended = [store.expire(&silence().id, now()).await.unwrap(), store.expire(&silence().id, now()).await.unwrap()];
    assert_eq!(ended, [true, false]);
}
