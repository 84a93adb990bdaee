//! The configuration's versions: one item a version, by document. None is ever changed: the newest is in force.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use nightjar_domain::configuration::{Checker, Document, Version};

use super::{AuditStore, StoreError};

/// Versions that are tried, newest first, until one can be used.
const TRIED: i32 = 10;
/// How often publishing is tried against others that publish at the same moment.
const ATTEMPTS: u32 = 5;

/// Reads and appends versions.
#[derive(Debug, Clone)]
pub struct ConfigStore {
    client: Client,
    table: String,
}

/// A document to publish.
#[derive(Debug, Clone)]
pub struct Publication<'a> {
    pub document: Document,
    pub json: &'a str,
    pub by: &'a str,
    pub why: &'a str,
    /// The version that this text was taken from, where it is brought back.
    pub brings_back: Option<u64>,
    /// The version that was decided on, 0 for none; without it the newest is replaced.
    pub expected: Option<u64>,
    /// What it is published together with, in place of what is in force.
    pub with: BTreeMap<Document, String>,
}

/// What publishing came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// It is in force within a minute.
    New(Version),
    /// The newest version says the same.
    Already(Version),
}

impl Published {
    pub fn version(&self) -> &Version {
        let (Self::New(version) | Self::Already(version)) = self;
        version
    }
}

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error("{document} cannot be used: {problem}")]
    Unusable { document: Document, problem: String },
    #[error("{document} has changed: its version is {newest} now")]
    Changed { document: Document, newest: u64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ConfigStore {
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }

    /// The newest version; `None` before the first.
    pub async fn newest(&self, document: Document) -> Result<Option<Version>, StoreError> {
        Ok(self.versions(document, 1).await?.into_iter().next())
    }

    /// The newest versions, newest first.
    pub async fn versions(&self, document: Document, limit: i32) -> Result<Vec<Version>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("#document = :document")
            .expression_attribute_names("#document", "document")
            .expression_attribute_values(":document", AttributeValue::S(document.as_str().to_owned()))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(limit)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        answer.items().iter().map(|item| self.version(document, item)).collect()
    }

    /// The newest version that `parse` takes, with what it is; those that it refuses are left out. `None` where there is none
    /// among the newest ten.
    pub async fn in_force<T, E>(
        &self,
        document: Document,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<(T, Version)>, StoreError> {
        for limit in [1, TRIED] {
            let versions = self.versions(document, limit).await?;
            let all = i32::try_from(versions.len()).is_ok_and(|found| found < limit);
            if let Some(found) = versions.into_iter().find_map(|version| Some((parse(&version.json).ok()?, version))) {
                return Ok(Some(found));
            }
            if all {
                break;
            }
        }
        Ok(None)
    }

    /// One version, if there is such a one.
    pub async fn get(&self, document: Document, version: u64) -> Result<Option<Version>, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("document", AttributeValue::S(document.as_str().to_owned()))
            .key("version", AttributeValue::N(version.to_string()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::request(&self.table, &error))?;
        answer.item.map(|item| self.version(document, &item)).transpose()
    }

    /// Appends a version. `false`: somebody was faster.
    async fn append(&self, version: &Version) -> Result<bool, StoreError> {
        let mut request = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("document", AttributeValue::S(version.document.as_str().to_owned()))
            .item("version", AttributeValue::N(version.version.to_string()))
            .item("json", AttributeValue::S(version.json.clone()))
            .item("by", AttributeValue::S(version.by.clone()))
            .item("at", AttributeValue::S(version.at.to_string()))
            .item("why", AttributeValue::S(version.why.clone()))
            .condition_expression("attribute_not_exists(version)");
        if let Some(back) = version.brings_back {
            request = request.item("brings_back", AttributeValue::N(back.to_string()));
        }
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(StoreError::request(&self.table, &error)),
            },
        }
    }

    /// Publishes a document that `checker` takes, and tells the audit trail. The same as the newest changes nothing, so that a
    /// repetition whose answer got lost does no harm.
    pub async fn publish(
        &self,
        publication: &Publication<'_>,
        checker: Checker,
        audit: &AuditStore,
        now: Timestamp,
    ) -> Result<Published, PublishError> {
        let Publication { document, json, by, why, brings_back, expected, ref with } = *publication;
        let others = self.others(document, with).await?;
        checker.check(document, json, &others).map_err(|problem| PublishError::Unusable { document, problem })?;
        for _ in 0..ATTEMPTS {
            let newest = self.newest(document).await?;
            let number = newest.as_ref().map_or(0, |newest| newest.version);
            if let Some(newest) = newest.filter(|newest| newest.json == json) {
                // Whoever wrote it may have died before the trail was told; told twice, it is recorded once.
                audit.record(&[newest.fact()]).await?;
                return Ok(Published::Already(newest));
            }
            if expected.is_some_and(|expected| expected != number) {
                return Err(PublishError::Changed { document, newest: number });
            }
            let version = Version {
                document,
                version: number + 1,
                json: json.to_owned(),
                by: by.to_owned(),
                at: now,
                why: why.to_owned(),
                brings_back,
            };
            if self.append(&version).await? {
                audit.record(&[version.fact()]).await?;
                return Ok(Published::New(version));
            }
        }
        Err(StoreError::Contended { table: self.table.clone(), attempts: ATTEMPTS }.into())
    }

    /// What a document must fit: what it is published with, else what is in force.
    async fn others(
        &self,
        document: Document,
        with: &BTreeMap<Document, String>,
    ) -> Result<BTreeMap<Document, String>, StoreError> {
        let mut others = with.clone();
        if let Some(companion) = document.companion().filter(|companion| !with.contains_key(companion))
            && let Some(newest) = self.newest(companion).await?
        {
            others.insert(companion, newest.json);
        }
        Ok(others)
    }

    fn version(&self, document: Document, item: &HashMap<String, AttributeValue>) -> Result<Version, StoreError> {
        let missing = |name: &str| StoreError::item(&self.table, format!("a version of {document} without {name}"));
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).ok_or_else(|| missing(name));
        let number = |name: &str| item.get(name).and_then(|value| value.as_n().ok()?.parse().ok());
        let at = text("at")?.parse();
        Ok(Version {
            document,
            version: number("version").ok_or_else(|| missing("version"))?,
            json: text("json")?.clone(),
            by: text("by")?.clone(),
            at: at.map_err(|error| StoreError::item(&self.table, format!("{document}: at: {error}")))?,
            why: text("why")?.clone(),
            brings_back: number("brings_back"),
        })
    }
}
