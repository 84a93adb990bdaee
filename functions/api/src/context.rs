//! What lives as long as the process.

use jiff::Timestamp;
use nightjar_anchors::{AnchorBucket, Signer};
use nightjar_aws::clients::Https;
use nightjar_aws::envelope::Publisher;
use nightjar_aws::stores::{
    AnswerStore, AuditStore, ConfigStore, CoverageStore, FeedbackStore, IncidentStore, InventoryStore, ModelStore,
    RemediationStore, RoutingStore, SeriesStore, SilenceStore,
};
use nightjar_aws::{clients, clock};
use nightjar_calls::Caller;
use nightjar_calls::kms::Kms;
use nightjar_calls::s3::Bucket;
use nightjar_domain::accounts::Scope;
use nightjar_domain::resource::ResourceRef;

use crate::caller::Authorization;
use crate::monitor::Monitor;
use crate::page::Page;
use crate::settings::Settings;

/// Built once, before the first request; a clone shares the client.
#[derive(Debug, Clone)]
pub struct Context {
    pub incidents: IncidentStore,
    pub series: SeriesStore,
    pub feedback: FeedbackStore,
    pub audit: AuditStore,
    pub coverage: CoverageStore,
    /// The published configuration, and what people set.
    pub config: ConfigStore,
    pub anchors: AnchorBucket,
    /// Asked for its public half only: the role may not sign.
    pub anchor_key: Signer,
    pub repairs: Repairs,
    pub inventory: InventoryStore,
    /// What judges a resource's history.
    pub models: ModelStore,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub page: Page,
    /// Asked about security rules.
    pub monitor: Monitor,
    /// Who proves callers to be whom they say.
    pub authorization: Authorization,
    /// Products, which routes go by.
    pub routing: RoutingStore,
    pub silences: SilenceStore,
    /// Tells what people did to incidents.
    pub changes: Publisher,
    /// What was answered to requests with a key of their own.
    pub answers: AnswerStore,
    /// The clock: lists without `until` end now.
    pub now: fn() -> Timestamp,
    /// Where the suite is; `None` where no ARN tells.
    pub home: Option<Scope>,
}

/// What answers about repairs, and notes what people decide.
#[derive(Debug, Clone)]
pub struct Repairs {
    pub store: RemediationStore,
    pub kms: Kms,
    /// The key that approval tokens are signed with.
    pub approval_key: String,
}

/// What the API asks AWS with.
#[derive(Debug, Clone)]
pub struct Clients {
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub sns: aws_sdk_sns::Client,
    /// S3, KMS and Lambda.
    pub caller: Caller,
}

impl Context {
    pub fn new(aws: Clients, settings: Settings, now: fn() -> Timestamp) -> Self {
        let Clients { cloudwatch, dynamodb, sns, caller } = aws;
        let kms = Kms::new(caller.clone());
        let Settings { incidents_table: incidents, series_table: series, authorization, .. } = settings;
        let home = Scope::of_arn(&settings.changes_topic_arn);
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
            silences: SilenceStore::new(dynamodb.clone(), settings.silences_table),
            inventory: InventoryStore::new(dynamodb.clone(), settings.inventory_table),
            models: ModelStore::new(dynamodb.clone(), settings.models_table),
            cloudwatch,
            page: Page::new(caller.clone(), settings.page),
            coverage: CoverageStore::new(dynamodb.clone(), settings.coverage_table),
            config: ConfigStore::new(dynamodb.clone(), settings.config_table),
            answers: AnswerStore::new(dynamodb.clone(), settings.notifications_table),
            audit: AuditStore::new(dynamodb, settings.audit_table),
            anchors: AnchorBucket::new(Bucket::new(caller.clone(), settings.anchors_bucket)),
            anchor_key: Signer::new(kms, settings.anchors_key_arn),
            repairs,
            monitor: Monitor::new(caller, settings.security_function),
            authorization,
            changes: Publisher::new(sns, settings.changes_topic_arn),
            now,
            home,
        }
    }

    /// Whether a resource is in the suite's own account and region, which is all that the API asks.
    pub fn is_home(&self, resource: &ResourceRef) -> bool {
        self.home.as_ref().is_none_or(|home| *home == Scope::of(resource))
    }

    /// Builds the clients, over one connection.
    pub fn load(mut settings: Settings) -> Self {
        let https = Https::default();
        let config = clients::load_over(https.clone());
        // Browsers go to Cognito's own address, or to the one that stands for all of AWS here.
        settings.page.cognito = match (config.endpoint_url(), config.region()) {
            (Some(endpoint), _) => Some(format!("{}/", endpoint.trim_end_matches('/'))),
            (None, Some(region)) => Some(format!("https://cognito-idp.{region}.amazonaws.com/")),
            (None, None) => None,
        };
        let aws = Clients {
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            sns: aws_sdk_sns::Client::new(&config),
            caller: Caller::over(&config, https),
        };
        Self::new(aws, settings, clock::now)
    }
}
