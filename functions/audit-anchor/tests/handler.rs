//! One hour, one anchor; and what contradicts the last one is told.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which may stop the test")]

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_kms::operation::sign::{SignError, SignOutput};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::error::KmsInternalException;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::Object;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use jiff::{SignedDuration, Timestamp};
use nightjar_anchors::{AnchorBucket, Signer};
use nightjar_audit_anchor::context::Context;
use nightjar_audit_anchor::handler::{Summary, handle};
use nightjar_aws::stores::AuditStore;
use nightjar_domain::audit::{Anchor, GENESIS, NamedAnchor, Retention};
use nightjar_testkit::{AnchorKey, Trail, now};

/// A trail, a bucket with anchors of it, and what the function did with them.
struct World {
    context: Context,
    written: Arc<Mutex<Vec<Anchor>>>,
    put: Rule,
    sign: Rule,
    recorded: Rule,
}

#[derive(Clone, Copy)]
enum Bucket {
    Works,
    /// Another run was faster.
    HasIt,
    Fails,
}

fn newest_of(trail: &Trail, chain: &str) -> Vec<std::collections::HashMap<String, AttributeValue>> {
    let newest = trail.entries.iter().rfind(|entry| entry.chain == chain);
    let item = |entry: &nightjar_domain::audit::AuditEntry| {
        [("entry".to_owned(), AttributeValue::S(entry.to_canonical_json().unwrap()))].into()
    };
    newest.map(item).into_iter().collect()
}

fn world(trail: &Trail, key: &Arc<AnchorKey>, bucket: Bucket) -> World {
    let rows = trail.clone();
    let query = mock!(aws_sdk_dynamodb::Client::query).then_compute_output(move |request| {
        let chain = request.expression_attribute_values().unwrap()[":chain"].as_s().unwrap();
        QueryOutput::builder().set_items(Some(newest_of(&rows, chain))).build()
    });
    let recorded = mock!(aws_sdk_dynamodb::Client::transact_write_items)
        .then_output(|| TransactWriteItemsOutput::builder().build());
    let anchors: Arc<Vec<NamedAnchor>> = Arc::new(trail.anchors.clone());
    let listed = Arc::clone(&anchors);
    let list = mock!(aws_sdk_s3::Client::list_objects_v2).then_compute_output(move |_| {
        let objects =
            listed.iter().map(|named| Object::builder().key(format!("anchors/{}", named.name)).build()).collect();
        ListObjectsV2Output::builder().set_contents(Some(objects)).build()
    });
    let get = mock!(aws_sdk_s3::Client::get_object).then_compute_output(move |request| {
        let named = anchors.iter().find(|named| request.key().unwrap().ends_with(&named.name)).unwrap();
        GetObjectOutput::builder().body(ByteStream::from(serde_json::to_vec(&named.anchor).unwrap())).build()
    });
    let written: Arc<Mutex<Vec<Anchor>>> = Arc::default();
    let kept = Arc::clone(&written);
    let put = mock!(aws_sdk_s3::Client::put_object).then_compute_response(move |request| {
        assert_eq!(request.if_none_match(), Some("*"));
        let error =
            |code: &str| MockResponse::Error(PutObjectError::generic(ErrorMetadata::builder().code(code).build()));
        match bucket {
            Bucket::HasIt => error("PreconditionFailed"),
            Bucket::Fails => error("AccessDenied"),
            Bucket::Works => {
                kept.lock().unwrap().push(serde_json::from_slice(request.body().bytes().unwrap()).unwrap());
                MockResponse::Output(PutObjectOutput::builder().build())
            }
        }
    });
    let signer = Arc::clone(key);
    let sign = mock!(aws_sdk_kms::Client::sign).then_compute_response(move |request| {
        let digest = request.message().unwrap().as_ref();
        if digest.len() != 32 {
            return MockResponse::Error(SignError::KmsInternalException(KmsInternalException::builder().build()));
        }
        MockResponse::Output(SignOutput::builder().signature(Blob::new(signer.sign(digest))).build())
    });
    let dynamodb = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&query, &recorded]);
    let s3 = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&list, &get, &put]);
    let kms = mock_client!(aws_sdk_kms, RuleMode::MatchAny, [&sign]);
    let context = Context {
        audit: AuditStore::new(dynamodb, "aiops-audit".to_owned()),
        bucket: AnchorBucket::new(s3, "anchors".to_owned()),
        signer: Signer::new(kms, "the-key".to_owned()),
        retention: Retention::bundled().unwrap(),
    };
    World { context, written, put, sign, recorded }
}

fn hours(count: i64) -> Timestamp {
    now() + SignedDuration::from_hours(count)
}

#[tokio::test]
async fn the_ends_of_all_chains_are_signed_and_linked_to_the_anchor_before() {
    let key = Arc::new(AnchorKey::default());
    let mut trail = Trail::grown(60, 30, &key);
    trail.grow();
    let world = world(&trail, &key, Bucket::Works);
    let summary = handle(&world.context, hours(1)).await.unwrap();
    let written = world.written.lock().unwrap().clone();
    assert_eq!(summary, Summary { anchored: true, chains: written[0].heads.len(), entries: 61 });
    assert_eq!((written.len(), written[0].entries(), written[0].key_id.as_str()), (1, 61, "the-key"));
    assert_eq!(written[0].previous_anchor_hash, trail.anchors[1].anchor.hash().unwrap());
    assert_eq!(world.recorded.num_calls(), 0);
}

#[tokio::test]
async fn the_first_anchor_has_none_before_it() {
    let key = Arc::new(AnchorKey::default());
    let mut trail = Trail::default();
    trail.grow();
    let world = world(&trail, &key, Bucket::Works);
    assert!(handle(&world.context, now()).await.unwrap().anchored);
    assert_eq!(world.written.lock().unwrap()[0].previous_anchor_hash, GENESIS);
}

#[tokio::test]
async fn an_hour_that_has_its_anchor_gets_no_second() {
    let key = Arc::new(AnchorKey::default());
    let world = world(&Trail::grown(60, 30, &key), &key, Bucket::Works);
    assert!(!handle(&world.context, now()).await.unwrap().anchored);
    assert_eq!((world.put.num_calls(), world.sign.num_calls()), (0, 0));
}

#[tokio::test]
async fn who_loses_the_race_for_the_hour_is_done() {
    let key = Arc::new(AnchorKey::default());
    let world = world(&Trail::grown(60, 30, &key), &key, Bucket::HasIt);
    assert!(!handle(&world.context, hours(1)).await.unwrap().anchored);
}

#[tokio::test]
async fn without_entries_there_is_nothing_to_anchor() {
    let key = Arc::new(AnchorKey::default());
    let world = world(&Trail::default(), &key, Bucket::Works);
    assert_eq!(handle(&world.context, now()).await.unwrap(), Summary { anchored: false, chains: 0, entries: 0 });
}

#[tokio::test]
async fn what_cannot_be_written_is_an_error() {
    let key = Arc::new(AnchorKey::default());
    let world = world(&Trail::grown(60, 30, &key), &key, Bucket::Fails);
    let error = format!("{:#}", handle(&world.context, hours(1)).await.unwrap_err());
    assert!(error.contains("the anchor cannot be written") && error.contains("AccessDenied"), "{error}");
}

#[tokio::test]
async fn a_trail_that_got_shorter_is_anchored_and_told() {
    let key = Arc::new(AnchorKey::default());
    let mut trail = Trail::grown(60, 30, &key);
    trail.entries.truncate(40);
    let shorter = world(&trail, &key, Bucket::Works);
    let error = handle(&shorter.context, hours(1)).await.unwrap_err().to_string();
    assert!(error.contains("tampered with") && error.contains("nightjar audit verify"), "{error}");
    let written = shorter.written.lock().unwrap()[0].clone();
    // Lambda's retry finds the hour's anchor, and fails again.
    trail.anchors.push(NamedAnchor { name: Anchor::name_at(written.taken_at), anchor: written });
    let retried = world(&trail, &key, Bucket::Works);
    assert!(handle(&retried.context, hours(1)).await.is_err());
    assert_eq!(retried.put.num_calls(), 0);
}

#[tokio::test]
async fn a_chain_without_news_for_half_its_retention_gets_some() {
    let key = Arc::new(AnchorKey::default());
    let mut trail = Trail::default();
    trail.grow();
    let world = world(&trail, &key, Bucket::Works);
    handle(&world.context, hours(24 * 199)).await.unwrap();
    assert_eq!(world.recorded.num_calls(), 0);
    handle(&world.context, hours(24 * 200)).await.unwrap();
    assert_eq!(world.recorded.num_calls(), 1);
}
