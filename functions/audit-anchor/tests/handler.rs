//! One hour, one anchor; and what contradicts the last one is told.

#![allow(clippy::unwrap_used, reason = "helpers of tests, which may stop the test")]

use std::sync::{Arc, Mutex};

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use nightjar_anchors::{AnchorBucket, Signer};
use nightjar_audit_anchor::context::Context;
use nightjar_audit_anchor::handler::{Summary, handle};
use nightjar_aws::stores::AuditStore;
use nightjar_calls::Caller;
use nightjar_calls::kms::Kms;
use nightjar_calls::s3;
use nightjar_domain::audit::{Anchor, GENESIS, NamedAnchor, Retention};
use nightjar_testkit::{AnchorKey, Trail, now};
use serde_json::{Value, json};

/// A trail, a bucket with anchors of it, and what the function did with them.
struct World {
    context: Context,
    kept: Arc<Kept>,
    recorded: Rule,
}

impl World {
    fn written(&self) -> Vec<Anchor> {
        self.kept.written.lock().unwrap().clone()
    }

    /// How often S3 was asked to write, and KMS to sign.
    fn asked(&self) -> (usize, usize) {
        *self.kept.asked.lock().unwrap()
    }
}

/// S3 and KMS, and what they were asked for.
#[derive(Debug)]
struct Kept {
    anchors: Vec<NamedAnchor>,
    key: Arc<AnchorKey>,
    bucket: Bucket,
    written: Mutex<Vec<Anchor>>,
    asked: Mutex<(usize, usize)>,
}

#[derive(Debug, Clone)]
struct Aws(Arc<Kept>);

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (status, body) = self.0.answer(&request);
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))))
    }
}

impl Kept {
    fn answer(&self, request: &HttpRequest) -> (u16, String) {
        let body = request.body().bytes().unwrap_or_default();
        if request.headers().get("x-amz-target") == Some("TrentService.Sign") {
            self.asked.lock().unwrap().1 += 1;
            let asked: Value = serde_json::from_slice(body).unwrap();
            let digest = STANDARD.decode(asked["Message"].as_str().unwrap()).unwrap();
            assert_eq!(
                (digest.len(), &asked["KeyId"], &asked["MessageType"]),
                (32, &json!("the-key"), &json!("DIGEST"))
            );
            return (200, json!({ "Signature": STANDARD.encode(self.key.sign(&digest)) }).to_string());
        }
        if request.method() == "PUT" {
            self.asked.lock().unwrap().0 += 1;
            assert_eq!(request.headers().get("if-none-match"), Some("*"));
            return match self.bucket {
                Bucket::HasIt => (412, "<Error><Code>PreconditionFailed</Code></Error>".to_owned()),
                Bucket::Fails => (403, "<Error><Code>AccessDenied</Code></Error>".to_owned()),
                Bucket::Works => {
                    self.written.lock().unwrap().push(serde_json::from_slice(body).unwrap());
                    (200, String::new())
                }
            };
        }
        let Some((_, name)) = request.uri().split_once("/anchors/") else {
            let keys =
                self.anchors.iter().map(|named| format!("<Contents><Key>anchors/{}</Key></Contents>", named.name));
            return (200, format!("<ListBucketResult>{}</ListBucketResult>", keys.collect::<String>()));
        };
        let named = self.anchors.iter().find(|named| named.name == name).unwrap();
        (200, serde_json::to_string(&named.anchor).unwrap())
    }
}

#[derive(Debug, Clone, Copy)]
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
    let dynamodb = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&query, &recorded]);
    let kept = Arc::new(Kept {
        anchors: trail.anchors.clone(),
        key: Arc::clone(key),
        bucket,
        written: Mutex::default(),
        asked: Mutex::default(),
    });
    let config = SdkConfig::builder()
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .build();
    let caller = Caller::with_connector(&config, SharedHttpConnector::new(Aws(Arc::clone(&kept))));
    let context = Context {
        audit: AuditStore::new(dynamodb, "aiops-audit".to_owned()),
        bucket: AnchorBucket::new(s3::Bucket::new(caller.clone(), "locked-away".to_owned())),
        signer: Signer::new(Kms::new(caller), "the-key".to_owned()),
        retention: Retention::bundled().unwrap(),
    };
    World { context, kept, recorded }
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
    let written = world.written();
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
    assert_eq!(world.written()[0].previous_anchor_hash, GENESIS);
}

#[tokio::test]
async fn an_hour_that_has_its_anchor_gets_no_second() {
    let key = Arc::new(AnchorKey::default());
    let world = world(&Trail::grown(60, 30, &key), &key, Bucket::Works);
    assert!(!handle(&world.context, now()).await.unwrap().anchored);
    assert_eq!(world.asked(), (0, 0));
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
    let written = shorter.written()[0].clone();
    // Lambda's retry finds the hour's anchor, and fails again.
    trail.anchors.push(NamedAnchor { name: Anchor::name_at(written.taken_at), anchor: written });
    let retried = world(&trail, &key, Bucket::Works);
    assert!(handle(&retried.context, hours(1)).await.is_err());
    assert_eq!(retried.asked().0, 0);
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
