//! The configuration's versions: publishing one for Terraform, and looking whether all of them can be used.

use std::collections::BTreeMap;

use anyhow::Context as _;
use jiff::Timestamp;
use nightjar_aws::stores::{ConfigPublication, Published};
use nightjar_domain::configuration::{Checker, Document};
use nightjar_domain::coverage::{CoverageGap, GapKind, products};
use nightjar_security::noise::Noise;
use serde::{Deserialize, Serialize};

use crate::context::Context;

/// What Terraform publishes is published by it: whoever may invoke this function speaks in its name.
const TERRAFORM: &str = "terraform";
const CHECKER: Checker = Checker { noise: |json| Noise::parse(json).map(drop).map_err(|error| error.to_string()) };

/// A document to publish.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    pub document: Document,
    pub json: String,
    /// What is published together with it: routes and products must fit each other.
    #[serde(default)]
    pub with: BTreeMap<Document, String>,
    pub why: String,
}

/// What became of it. The same however often it is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublishedAs {
    pub document: Document,
    pub version: u64,
    pub sha256: String,
}

/// Publishes a document, if it can be used and is new.
pub async fn publish(context: &Context, asked: &Publish, now: Timestamp) -> anyhow::Result<PublishedAs> {
    let store = context.versions.as_ref().context("CONFIG_TABLE is not set: there is nothing to publish to")?;
    let publication = ConfigPublication {
        document: asked.document,
        json: &asked.json,
        by: TERRAFORM,
        why: &asked.why,
        brings_back: None,
        expected: None,
        with: asked.with.clone(),
    };
    let published = store.publish(&publication, CHECKER, &context.audit, now).await?;
    let version = published.version();
    if matches!(published, Published::New(_)) {
        tracing::info!(document = %version.document, version = version.version, "published");
    }
    Ok(PublishedAs { document: version.document, version: version.version, sha256: version.sha256() })
}

/// Documents whose newest version cannot be used, and what was set for metrics that the catalogue no longer has: each a gap of
/// the suite itself.
pub async fn gaps(context: &Context) -> anyhow::Result<Vec<CoverageGap>> {
    let mut gaps: Vec<CoverageGap> = context
        .left_out
        .iter()
        .map(|problem| CoverageGap {
            kind: GapKind::BadConfiguration,
            what: format!("what was set at run time is left out: {problem}"),
            fix: "nightjar thresholds get, then set what holds".to_owned(),
        })
        .collect();
    gaps.extend(products::unknown_types(&context.catalogue.products, &context.catalogue).into_iter().map(|what| {
        let fix = "mend it in config/products.json, or PUT /products/{name}".to_owned();
        CoverageGap { kind: GapKind::BadConfiguration, what, fix }
    }));
    let Some(store) = &context.versions else { return Ok(gaps) };
    let mut newest = BTreeMap::new();
    for document in Document::ALL {
        newest.extend(store.newest(document).await?.map(|version| (document, version)));
    }
    let others = newest.iter().map(|(document, version)| (*document, version.json.clone())).collect();
    for (document, version) in &newest {
        // Overrides that no longer fit are told above, one by one.
        if *document == Document::ThresholdOverrides {
            continue;
        }
        if let Err(problem) = CHECKER.check(*document, &version.json, &others) {
            let what = format!(
                "version {} of {document} cannot be used, the one before is in force: {problem}",
                version.version
            );
            let fix = format!("nightjar config rollback {document} --why 'it cannot be used'");
            gaps.push(CoverageGap { kind: GapKind::BadConfiguration, what, fix });
        }
    }
    Ok(gaps)
}
