//! Tells people that coverage fell: to the topic that alerts go through, at low severity. A signed call: one is not worth an SDK.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nightjar_domain::alert::{Notice, email};
use nightjar_domain::coverage::ResourceCoverage;
use nightjar_domain::coverage::digest::{CoverageDigest, digests};
use nightjar_domain::envelope::{Envelope, Message as _};
use nightjar_domain::onboarding::Discovered;
use reqwest::Method;
use serde_json::json;

use crate::context::Context;
use crate::signed::{Call, CallError};
use crate::sources::form;

/// As Amazon SNS dates its API.
const SNS_VERSION: &str = "2010-03-31";

/// Tells every owner of whose resources any got worse since the run before. Told before it is stored: a run that dies in between tells
/// it again, under the same id, which whoever delivers it knows already.
pub async fn tell(
    context: &Context,
    before: &BTreeMap<String, ResourceCoverage>,
    after: &[ResourceCoverage],
    discovered: &Discovered,
    now: Timestamp,
) -> anyhow::Result<()> {
    let Some(topic) = &context.settings.alerts_topic else { return Ok(()) };
    let by = (context.catalogue.products.as_slice(), &context.settings.policy);
    for digest in digests(before, after, discovered, by, now) {
        let envelope = Envelope::first(digest, now);
        match publish(context, topic, &envelope).await {
            Ok(()) => tracing::info!(id = envelope.id, owner = envelope.body.owner, "coverage fell"),
            // A role that may not tell must not keep the coverage from being stored.
            Err(CallError::Denied { action, problem }) => {
                tracing::error!(action, problem, id = envelope.id, "access denied: nobody is told that coverage fell");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn publish(context: &Context, topic: &str, envelope: &Envelope<CoverageDigest>) -> Result<(), CallError> {
    let failed = |error: serde_json::Error| CallError::Failed { action: "sns:Publish", problem: error.to_string() };
    let readable = email(&Notice::from(envelope));
    let payload = serde_json::to_string(envelope).map_err(failed)?;
    let message = json!({ "default": payload, "email": readable.body }).to_string();
    let mut fields = vec![
        ("Action", "Publish"),
        ("Version", SNS_VERSION),
        ("TopicArn", topic),
        ("Subject", &readable.subject),
        ("MessageStructure", "json"),
        ("Message", &message),
    ];
    let attributes = [
        (
            [
                "MessageAttributes.entry.1.Name",
                "MessageAttributes.entry.1.Value.DataType",
                "MessageAttributes.entry.1.Value.StringValue",
            ],
            "kind",
            CoverageDigest::KIND,
        ),
        (
            [
                "MessageAttributes.entry.2.Name",
                "MessageAttributes.entry.2.Value.DataType",
                "MessageAttributes.entry.2.Value.StringValue",
            ],
            "severity",
            envelope.body.severity().as_str(),
        ),
        (
            [
                "MessageAttributes.entry.3.Name",
                "MessageAttributes.entry.3.Value.DataType",
                "MessageAttributes.entry.3.Value.StringValue",
            ],
            "resource_type",
            envelope.body.resource_type(),
        ),
    ];
    for ([name, kind, value], attribute, text) in attributes {
        fields.extend([(name, attribute), (kind, "String"), (value, text)]);
    }
    let call = Call {
        action: "sns:Publish",
        service: "sns",
        method: Method::POST,
        path: "/".to_owned(),
        headers: vec![("content-type", "application/x-www-form-urlencoded")],
        body: form(&fields),
    };
    context.signed.send(&call).await.map(drop)
}
