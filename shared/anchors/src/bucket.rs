//! The bucket: one object an hour, each written once.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use nightjar_calls::CallError;
use nightjar_calls::s3::Bucket;
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
pub struct AnchorBucket(Bucket);

impl AnchorBucket {
    pub fn new(bucket: Bucket) -> Self {
        Self(bucket)
    }

    /// Writes the anchor of its hour, if there is none yet. How long it is locked, the bucket decides. (Where another writer of the
    /// same key is under way, S3 answers with an error; the retry finds what it wrote.)
    pub async fn put(&self, anchor: &Anchor) -> Result<Put, AnchorsError> {
        let key = format!("{FOLDER}{}", Anchor::name_at(anchor.taken_at));
        let body = serde_json::to_vec_pretty(anchor).map_err(|error| self.no_anchor(&key, error))?;
        let written = self.0.put_new_object(&key, "application/json", &body).await;
        Ok(if written.map_err(|error| self.failed(error))? { Put::Written } else { Put::AlreadyThere })
    }

    /// The newest two anchors, the newest last; fewer where there are fewer.
    pub async fn newest_two(&self, now: Timestamp) -> Result<Vec<NamedAnchor>, AnchorsError> {
        let recent = now.checked_sub(RECENT).unwrap_or(Timestamp::MIN);
        let mut keys = self.keys_after(Some(recent)).await?;
        if keys.len() < 2 {
            keys = self.keys_after(None).await?;
        }
        let start = keys.len().saturating_sub(2);
        self.read_all(keys.get(start..).unwrap_or_default()).await
    }

    /// The anchors taken since then, and the one of the hour before.
    pub async fn since(&self, since: Timestamp) -> Result<Vec<NamedAnchor>, AnchorsError> {
        let keys = self.keys_after(Some(since.checked_sub(SignedDuration::from_hours(2)).unwrap_or(since))).await?;
        self.read_all(&keys).await
    }

    /// Every anchor as it was first written: a later version, or a mark that hides it, changes nothing.
    pub async fn all(&self) -> Result<Vec<NamedAnchor>, AnchorsError> {
        let mut first: BTreeMap<String, (Timestamp, String)> = BTreeMap::new();
        for version in self.0.list_versions(FOLDER).await.map_err(|error| self.failed(error))? {
            let Ok(at) = version.last_modified.parse::<Timestamp>() else {
                let problem = format!("{:?} is no time of a version", version.last_modified);
                return Err(self.no_anchor(&version.key, problem));
            };
            if first.get(&version.key).is_none_or(|(known, _)| at <= *known) {
                first.insert(version.key, (at, version.id));
            }
        }
        let first: Vec<(String, String)> = first.into_iter().map(|(key, (_, version))| (key, version)).collect();
        let mut anchors = Vec::with_capacity(first.len());
        for chunk in first.chunks(AT_ONCE) {
            anchors.extend(try_join_all(chunk.iter().map(|(key, version)| self.read_version(key, version))).await?);
        }
        Ok(anchors)
    }

    async fn keys_after(&self, after: Option<Timestamp>) -> Result<Vec<String>, AnchorsError> {
        let after = after.map(|after| format!("{FOLDER}{}", Anchor::name_at(after)));
        self.0.list_keys(FOLDER, after.as_deref()).await.map_err(|error| self.failed(error))
    }

    async fn read_all(&self, keys: &[String]) -> Result<Vec<NamedAnchor>, AnchorsError> {
        let mut anchors = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(AT_ONCE) {
            anchors.extend(try_join_all(chunk.iter().map(|key| self.read(key))).await?);
        }
        Ok(anchors)
    }

    async fn read(&self, key: &str) -> Result<NamedAnchor, AnchorsError> {
        let object = self.0.get_object(key).await.map_err(|error| self.failed(error))?;
        self.anchor(key, object.map(|object| object.body))
    }

    async fn read_version(&self, key: &str, version: &str) -> Result<NamedAnchor, AnchorsError> {
        let object = self.0.get_object_version(key, version).await.map_err(|error| self.failed(error))?;
        self.anchor(key, object.map(|object| object.body))
    }

    fn anchor(&self, key: &str, body: Option<Vec<u8>>) -> Result<NamedAnchor, AnchorsError> {
        let body = body.ok_or_else(|| self.no_anchor(key, "it was listed, and is gone"))?;
        let anchor = serde_json::from_slice(&body).map_err(|error| self.no_anchor(key, error))?;
        Ok(NamedAnchor { name: key.trim_start_matches(FOLDER).to_owned(), anchor })
    }

    fn failed(&self, problem: CallError) -> AnchorsError {
        AnchorsError::Bucket { bucket: self.0.name().to_owned(), problem }
    }

    #[allow(clippy::needless_pass_by_value, reason = "`map_err` hands an error over as it is")]
    fn no_anchor(&self, key: &str, problem: impl ToString) -> AnchorsError {
        AnchorsError::NoAnchor { bucket: self.0.name().to_owned(), key: key.to_owned(), problem: problem.to_string() }
    }
}
