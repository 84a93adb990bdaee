//! What a run acts on: the incident's own resource; for an attack the instance or the user behind it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::fleet::digest;
use crate::incident::Incident;
use crate::resource::{EC2_INSTANCE, ResourceRef};
use crate::security::AttackStory;

/// The resource type of an IAM user.
pub const IAM_USER: &str = "iam:user";

/// The resource that steps act on. An attack with the credentials of one instance is about that instance; its ARN has the
/// first region in which the attack was seen, and whoever knows better puts in the region of the instance.
pub fn subject(incident: &Incident) -> ResourceRef {
    let resource = &incident.anomaly.resource;
    let Some(story) = &incident.security else { return resource.clone() };
    let Some(id) = instance_of(story) else { return resource.clone() };
    let partition = story.principal.split(':').nth(1).unwrap_or("aws");
    ResourceRef {
        arn: format!("arn:{partition}:ec2:{}:{}:instance/{id}", resource.region, story.account),
        id: id.to_owned(),
        kind: EC2_INSTANCE.to_owned(),
        region: resource.region.clone(),
        account: story.account.clone(),
        name: None,
    }
}

/// The instance whose role all sessions of an attack belong to: EC2 names such a session after it.
fn instance_of(story: &AttackStory) -> Option<&str> {
    let of = |session: &'_ String| {
        let (arn, name) = session.rsplit_once('/')?;
        let digits = name.strip_prefix("i-")?;
        let is_id = matches!(digits.len(), 8 | 17) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_id && arn.contains(":assumed-role/")).then_some(session.len() - name.len())
    };
    let (first, rest) = story.sessions.split_first()?;
    let name = first.get(of(first)?..)?;
    rest.iter().all(|other| other.ends_with(name)).then_some(name)
}

/// A user of IAM right now.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct UserState {
    pub name: String,
    pub tags: BTreeMap<String, String>,
    pub keys: Vec<AccessKey>,
    /// The keys that the attack was made with, as its events say.
    pub named: Vec<String>,
    /// The key by which whoever decides is known to AWS itself.
    pub own: Option<String>,
}

/// A long-term key of a user.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AccessKey {
    pub id: String,
    pub is_active: bool,
}

impl UserState {
    /// The keys that the attack was made with and that still work.
    pub fn to_disable(&self) -> Vec<String> {
        let named = |key: &&AccessKey| key.is_active && self.named.contains(&key.id);
        self.keys.iter().filter(named).map(|key| key.id.clone()).collect()
    }

    /// Whether each of these keys exists and is inactive.
    pub fn are_inactive(&self, keys: &[String]) -> bool {
        keys.iter().all(|id| self.keys.iter().any(|key| key.id == *id && !key.is_active))
    }

    /// Why no key of the user is made inactive.
    pub(super) fn objection(&self, break_glass: &[String]) -> Option<&'static str> {
        if break_glass.contains(&self.name) {
            return Some("the user is on the list break_glass");
        }
        if self.named.is_empty() {
            return Some("the events name no long-term key");
        }
        if self.own.as_ref().is_some_and(|own| self.named.contains(own)) {
            return Some("it is the key by which this function itself calls AWS");
        }
        if !self.keys.iter().any(|key| self.named.contains(&key.id)) {
            return Some("the key that the events name is not a key of the user any more");
        }
        self.to_disable().is_empty().then_some("the key is inactive already")
    }

    /// What an approval holds for: name, tags and keys as they are.
    pub(super) fn fingerprint(&self) -> String {
        let tags = self.tags.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]);
        let mut keys: Vec<&AccessKey> = self.keys.iter().collect();
        keys.sort_by(|a, b| a.id.cmp(&b.id));
        let keys = keys.into_iter().flat_map(|key| [key.id.as_str(), if key.is_active { "on" } else { "off" }]);
        digest([self.name.as_str()].into_iter().chain(tags).chain(keys))
    }
}
