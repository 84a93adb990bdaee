//! The bucket: one object an hour, each written once.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use nightjar_domain::audit::{Anchor, NamedAnchor};

use crate::AnchorsError;

/// All anchors lie below it.
const FOLDER: &str = "anchors/";
/// Objects fetched at once.
const AT_ONCE: usize = 16;
/// How far back the newest anchors are looked for before the whole bucket is listed.
const RECENT: SignedDuration = SignedDuration::from_hours(24 * 7);

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    Written,
    /// This hour has its anchor already.
    AlreadyThere,
}

/// The bucket of a suite's anchors.
#[derive(Debug, Clone)]
pub struct AnchorBucket {
    client: Client,
    bucket: String,
}

impl AnchorBucket {
    pub fn new(client: Client, bucket: String) -> Self {
        Self { client, bucket }
    }

    /// Writes the anchor of its hour, if there is none yet. How long it is locked, the bucket decides.
    pub async fn put(&self, anchor: &Anchor) -> Result<Put, AnchorsError> {
        let key = format!("{FOLDER}{}", Anchor::name_at(anchor.taken_at));
        let body = serde_json::to_vec_pretty(anchor).map_err(|error| self.no_anchor(&key, error))?;
        let answer = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(&key)
            .if_none_match("*")
            .content_type("application/json")
            .body(ByteStream::from(body))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(Put::Written),
            // 409: another writer of the same key is under way; the retry finds what it wrote.
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(Put::AlreadyThere),
            Err(error) => Err(AnchorsError::bucket(&self.bucket, &error)),
        }
    }

    /// The newest two anchors, the newest last; fewer where there are fewer.
    pub async fn newest_two(&self, now: Timestamp) -> Result<Vec<NamedAnchor>, AnchorsError> {
        let recent = now.checked_sub(RECENT).unwrap_or(Timestamp::MIN);
        let mut keys = self.keys_after(Some(recent)).await?;
        if keys.len() < 2 {
            keys = self.keys_after(None).await?;
        }
        let start = keys.len().saturating_sub(2);
        let wanted: Vec<_> = keys.iter().skip(start).map(|key| (key.as_str(), None)).collect();
        self.get_all(&wanted).await
    }

    /// The anchors taken since then, and the one of the hour before.
    pub async fn since(&self, since: Timestamp) -> Result<Vec<NamedAnchor>, AnchorsError> {
        let keys = self.keys_after(Some(since.checked_sub(SignedDuration::from_hours(2)).unwrap_or(since))).await?;
        let wanted: Vec<_> = keys.iter().map(|key| (key.as_str(), None)).collect();
        self.get_all(&wanted).await
    }

    /// Every anchor as it was first written: a later version, or a mark that hides it, changes nothing.
    pub async fn all(&self) -> Result<Vec<NamedAnchor>, AnchorsError> {
        let mut first: BTreeMap<String, (aws_smithy_types::DateTime, String)> = BTreeMap::new();
        let mut pages = self.client.list_object_versions().bucket(&self.bucket).prefix(FOLDER).send().await.map(Some);
        while let Some(page) = pages.map_err(|error| AnchorsError::bucket(&self.bucket, &error))? {
            for version in page.versions() {
                let (Some(key), Some(id), Some(at)) = (version.key(), version.version_id(), version.last_modified())
                else {
                    continue;
                };
                let older = first.get(key).is_none_or(|(known, _)| at <= known);
                if older {
                    first.insert(key.to_owned(), (*at, id.to_owned()));
                }
            }
            pages = match (page.is_truncated(), page.next_key_marker()) {
                (Some(true), Some(marker)) => self
                    .client
                    .list_object_versions()
                    .bucket(&self.bucket)
                    .prefix(FOLDER)
                    .key_marker(marker)
                    .set_version_id_marker(page.next_version_id_marker().map(str::to_owned))
                    .send()
                    .await
                    .map(Some),
                _ => Ok(None),
            };
        }
        let wanted: Vec<_> = first.iter().map(|(key, (_, version))| (key.as_str(), Some(version.as_str()))).collect();
        self.get_all(&wanted).await
    }

    async fn keys_after(&self, after: Option<Timestamp>) -> Result<Vec<String>, AnchorsError> {
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(FOLDER)
            .set_start_after(after.map(|after| format!("{FOLDER}{}", Anchor::name_at(after))))
            .into_paginator()
            .send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AnchorsError::bucket(&self.bucket, &error))?;
            keys.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
        }
        Ok(keys)
    }

    async fn get_all(&self, wanted: &[(&str, Option<&str>)]) -> Result<Vec<NamedAnchor>, AnchorsError> {
        let mut anchors = Vec::with_capacity(wanted.len());
        for chunk in wanted.chunks(AT_ONCE) {
            anchors.extend(try_join_all(chunk.iter().map(|(key, version)| self.get(key, *version))).await?);
        }
        Ok(anchors)
    }

    async fn get(&self, key: &str, version: Option<&str>) -> Result<NamedAnchor, AnchorsError> {
        let object = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .set_version_id(version.map(str::to_owned))
            .send()
            .await
            .map_err(|error| AnchorsError::bucket(&self.bucket, &error))?;
        let body = object.body.collect().await.map_err(|error| self.no_anchor(key, error))?;
        let anchor = serde_json::from_slice(&body.into_bytes()).map_err(|error| self.no_anchor(key, error))?;
        Ok(NamedAnchor { name: key.trim_start_matches(FOLDER).to_owned(), anchor })
    }

    #[allow(clippy::needless_pass_by_value, reason = "`map_err` hands an error over as it is")]
    fn no_anchor(&self, key: &str, problem: impl ToString) -> AnchorsError {
        AnchorsError::NoAnchor { bucket: self.bucket.clone(), key: key.to_owned(), problem: problem.to_string() }
    }
}
