//! What lives as long as the process.

use jiff::Timestamp;
use nightjar_anchors::{AnchorBucket, Signer};
use nightjar_aws::envelope::Publisher;
use nightjar_aws::settings::Environment;
use nightjar_aws::stores::{
    AuditStore, CoverageStore, FeedbackStore, IncidentStore, RemediationStore, RoutingStore, SeriesStore,
};
use nightjar_aws::{clients, clock};

use crate::caller::Authorization;
use crate::settings::Settings;

/// Built once, before the first request; a clone shares the client.
#[derive(Debug, Clone)]
pub struct Context {
    pub incidents: IncidentStore,
    pub series: SeriesStore,
    pub feedback: FeedbackStore,
    pub audit: AuditStore,
    pub coverage: CoverageStore,
    pub anchors: AnchorBucket,
    /// Asked for its public half only: the role may not sign.
    pub anchor_key: Signer,
    pub repairs: Repairs,
    /// Who proves callers to be whom they say.
    pub authorization: Authorization,
    /// Products, which routes go by.
    pub routing: RoutingStore,
    /// Tells what people did to incidents.
    pub changes: Publisher,
    /// The clock: lists without `until` end now.
    pub now: fn() -> Timestamp,
}

/// What answers about repairs, and notes what people decide.
#[derive(Debug, Clone)]
pub struct Repairs {
    pub store: RemediationStore,
    pub kms: aws_sdk_kms::Client,
    /// The key that approval tokens are signed with.
    pub approval_key: String,
}

/// What the API asks AWS with.
#[derive(Debug, Clone)]
pub struct Clients {
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub s3: aws_sdk_s3::Client,
    pub kms: aws_sdk_kms::Client,
    pub sns: aws_sdk_sns::Client,
}

impl Context {
    pub fn new(aws: Clients, settings: Settings, now: fn() -> Timestamp) -> Self {
        let Clients { dynamodb, s3, kms, sns } = aws;
        let Settings { incidents_table: incidents, series_table: series, authorization, .. } = settings;
        let repairs = Repairs {
            store: RemediationStore::new(dynamodb.clone(), settings.remediations_table),
            kms: kms.clone(),
            approval_key: settings.approval_key,
        };
        Self {
            feedback: FeedbackStore::new(dynamodb.clone(), incidents.clone(), series.clone()),
            incidents: IncidentStore::new(dynamodb.clone(), incidents),
            series: SeriesStore::new(dynamodb.clone(), series),
            routing: RoutingStore::new(dynamodb.clone(), settings.routing_table),
            coverage: CoverageStore::new(dynamodb.clone(), settings.coverage_table),
            audit: AuditStore::new(dynamodb, settings.audit_table),
            anchors: AnchorBucket::new(s3, settings.anchors_bucket),
            anchor_key: Signer::new(kms, settings.anchors_key_arn),
            repairs,
            authorization,
            changes: Publisher::new(sns, settings.changes_topic_arn),
            now,
        }
    }

    /// Reads the settings and builds the clients.
    pub async fn load() -> anyhow::Result<Self> {
        let settings = Settings::read(Environment::process())?;
        let config = clients::load().await;
        let aws = Clients {
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            s3: aws_sdk_s3::Client::new(&config),
            kms: aws_sdk_kms::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
        };
        Ok(Self::new(aws, settings, clock::now))
    }
}
