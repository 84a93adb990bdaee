//! What people are told when coverage falls: for everyone who answers for resources one digest of what got worse since the run
//! before.
//!
//! The run before is what is stored; so each fall is told once, and told again only by a run that died before it had stored what
//! it saw, under the same id.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Policy;
use super::gaps::{CoverageGap, GapKind, ResourceCoverage};
use super::products::claiming;
use crate::envelope::Message;
use crate::onboarding::{Discovered, FoundResource};
use crate::resource::ResourceRef;
use crate::routing::Product;
use crate::severity::Severity;

/// Resources that a digest names; the rest is counted.
const NAMED: usize = 20;
/// Gaps that it names of each.
const GAPS: usize = 5;

/// The message `nightjar.coverage/1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CoverageDigest {
    pub id: String,
    /// Who answers for the resources: their product's owner, else what their owner's tag says; `None` where nobody does.
    pub owner: Option<String>,
    pub product: Option<String>,
    /// Mean score of all resources of the owner, 0 to 100, in the run before and now.
    pub before: u8,
    pub now: u8,
    /// The resource that fell furthest: it stands for the others where alerts are routed.
    pub resource: ResourceRef,
    /// Those that got worse, furthest fallen first.
    pub fallen: Vec<Fallen>,
    /// How many more got worse.
    pub more: usize,
}

/// A resource that is covered worse than in the run before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fallen {
    pub resource: ResourceRef,
    pub before: u8,
    pub now: u8,
    /// Those that are new.
    pub gaps: Vec<CoverageGap>,
}

impl Message for CoverageDigest {
    const SCHEMA: &'static str = "nightjar.coverage/1";
    const KIND: &'static str = "coverage";

    fn message_id(&self) -> String {
        self.id.clone()
    }

    fn severity(&self) -> Severity {
        Severity::Low
    }

    fn resource_type(&self) -> &str {
        &self.resource.kind
    }
}

impl CoverageDigest {
    /// One line.
    pub fn title(&self) -> String {
        let whose = self.owner.as_ref().map(|owner| format!(" of {owner}")).unwrap_or_default();
        match self.fallen.len() + self.more {
            1 => format!("Coverage fell: {}{whose}", self.resource.label()),
            count => format!("Coverage fell: {count} resources{whose}"),
        }
    }

    /// What happened, in a sentence.
    pub fn summary(&self) -> String {
        let count = self.fallen.len() + self.more;
        let resources = if count == 1 { "resource is".to_owned() } else { format!("{count} resources are") };
        let one = if count == 1 { "One " } else { "" };
        format!(
            "{one}{resources} watched worse than before; coverage is {} of 100, where it was {}",
            self.now, self.before
        )
    }

    /// One text per resource, with the command that mends each gap.
    pub fn findings(&self) -> Vec<String> {
        let mut findings: Vec<String> = self
            .fallen
            .iter()
            .map(|fallen| {
                let gaps = fallen.gaps.iter().map(|gap| format!("\n      {}\n        {}", gap.what, gap.fix));
                format!("{}: {} → {}{}", fallen.resource.label(), fallen.before, fallen.now, gaps.collect::<String>())
            })
            .collect();
        findings.extend((self.more > 0).then(|| format!("and {} more: nightjar coverage", self.more)));
        findings
    }
}

type Owner = (Option<String>, Option<String>);

/// One digest for each owner of whose resources any got worse between two runs. New resources and those that are gone fell nowhere.
pub fn digests(
    before: &BTreeMap<String, ResourceCoverage>,
    now: &[ResourceCoverage],
    discovered: &Discovered,
    (products, policy): (&[Product], &Policy),
    at: Timestamp,
) -> Vec<CoverageDigest> {
    let found: BTreeMap<&str, &FoundResource> =
        discovered.resources.iter().map(|found| (found.reference.arn.as_str(), found)).collect();
    let mut by_owner: BTreeMap<Owner, Vec<(&ResourceCoverage, &ResourceCoverage)>> = BTreeMap::new();
    for resource in now {
        if let Some(was) = before.get(&resource.resource.arn) {
            let found = found.get(resource.resource.arn.as_str()).copied();
            by_owner.entry(owner(found, products, policy)).or_default().push((was, resource));
        }
    }
    by_owner.into_iter().filter_map(|(owner, pairs)| digest(owner, &pairs, at)).collect()
}

fn owner(found: Option<&FoundResource>, products: &[Product], policy: &Policy) -> Owner {
    let Some(found) = found else { return (None, None) };
    if let Some(product) = claiming(products, found) {
        return (Some(product.owner.clone()), Some(product.name.clone()));
    }
    let tag =
        found.tags.iter().find(|(tag, value)| tag.eq_ignore_ascii_case(&policy.owner_tag) && !value.trim().is_empty());
    (tag.map(|(_, value)| value.trim().to_owned()), None)
}

fn digest(
    (owner, product): Owner,
    pairs: &[(&ResourceCoverage, &ResourceCoverage)],
    at: Timestamp,
) -> Option<CoverageDigest> {
    let mut fallen: Vec<Fallen> = pairs.iter().filter_map(|(was, is)| fell(was, is)).collect();
    fallen.sort_by(|a, b| {
        let depth = |fallen: &Fallen| u32::from(fallen.before).saturating_sub(u32::from(fallen.now));
        depth(b).cmp(&depth(a)).then_with(|| a.resource.arn.cmp(&b.resource.arn))
    });
    let resource = fallen.first()?.resource.clone();
    let mean = |sum: usize| (sum / pairs.len().max(1)) as u8;
    let before = mean(pairs.iter().map(|(was, _)| usize::from(was.score)).sum());
    let now = mean(pairs.iter().map(|(_, is)| usize::from(is.score)).sum());
    let id = identify(owner.as_deref(), product.as_deref(), &fallen, at);
    let more = fallen.len().saturating_sub(NAMED);
    fallen.truncate(NAMED);
    for one in &mut fallen {
        one.gaps.truncate(GAPS);
    }
    Some(CoverageDigest { id, owner, product, before, now, resource, fallen, more })
}

/// `None` where nothing got worse. A gap is new where the kind was not there, or not so often: texts tell times and names that change.
fn fell(was: &ResourceCoverage, is: &ResourceCoverage) -> Option<Fallen> {
    let mut known: BTreeMap<GapKind, usize> = BTreeMap::new();
    for gap in &was.gaps {
        *known.entry(gap.kind).or_default() += 1;
    }
    let is_new = |gap: &&CoverageGap| {
        let left = known.entry(gap.kind).or_default();
        let is_known = *left > 0;
        *left = left.saturating_sub(1);
        !is_known
    };
    let gaps: Vec<CoverageGap> = is.gaps.iter().filter(is_new).cloned().collect();
    // What is told has a gap to mend: a score also moves with the number of checks.
    (!gaps.is_empty()).then(|| Fallen { resource: is.resource.clone(), before: was.score, now: is.score, gaps })
}

/// The same fall has the same id all day, however often it is seen.
fn identify(owner: Option<&str>, product: Option<&str>, fallen: &[Fallen], at: Timestamp) -> String {
    let mut digest = Sha256::new();
    let mut part = |text: &str| {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    };
    part(owner.unwrap_or_default());
    part(product.unwrap_or_default());
    part(&at.strftime("%Y-%m-%d").to_string());
    for one in fallen {
        part(&one.resource.arn);
        for gap in &one.gaps {
            part(&format!("{:?}", gap.kind));
        }
    }
    format!("coverage-{}", &hex::encode(digest.finalize())[..16])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::arn;

    const AT: &str = "2026-11-21T10:00:00Z";

    fn covered(id: &str, score: u8, kinds: &[GapKind]) -> ResourceCoverage {
        let found = found(id, &[]);
        let gap = |kind: &GapKind| CoverageGap { kind: *kind, what: format!("{kind:?}"), fix: "aws do".to_owned() };
        ResourceCoverage {
            resource: found.reference,
            score,
            checks: 4,
            passed: 2,
            alarms_wanted: 1,
            alarms_in_force: 1,
            anomaly_series: 1,
            usd_a_month: 0.1,
            gaps: kinds.iter().map(gap).collect(),
        }
    }

    fn found(id: &str, tags: &[(&str, &str)]) -> FoundResource {
        let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        arn::found(&format!("arn:aws:sqs:eu-west-1:1:{id}"), tags, ("1", "eu-west-1")).unwrap()
    }

    fn told(
        before: Vec<ResourceCoverage>,
        now: &[ResourceCoverage],
        tags: &[(&str, &str, &str)],
    ) -> Vec<CoverageDigest> {
        let before = before.into_iter().map(|one| (one.resource.arn.clone(), one)).collect();
        let resources = tags.iter().map(|(id, key, value)| found(id, &[(key, value)])).collect();
        let discovered = Discovered { resources, ..Discovered::default() };
        let shop = r#"{"products": {"shop": {"matchers": ["tag:app=\"shop\""], "owner": "team-shop", "criticality": "high",
            "thresholds": {"sqs:queue": {"Age": {"critical": 1.0, "why": "x"}}}}}}"#;
        let products = crate::routing::product::parse(shop).unwrap();
        let policy = Policy {
            prefix: "aiops".to_owned(),
            alarms_topic: String::new(),
            ops_topic: String::new(),
            max_alarms: 1,
            quota: 1,
            owner_tag: "Owner".to_owned(),
            log_groups_tag: String::new(),
            allow_mass_deletion: false,
            composites: false,
            elsewhere: false,
        };
        digests(&before, now, &discovered, (&products, &policy), AT.parse().unwrap())
    }

    #[test]
    fn each_owner_is_told_once_what_got_worse_furthest_first() {
        let before = vec![
            covered("a", 100, &[]),
            covered("b", 90, &[]),
            covered("c", 100, &[]),
            covered("d", 80, &[GapKind::NoOwner]),
        ];
        let now = [
            covered("a", 75, &[GapKind::NoRetention]),
            covered("b", 40, &[GapKind::NoLogGroup, GapKind::NoLogGroup]),
            covered("c", 50, &[GapKind::AlarmDiffers]),
            covered("d", 80, &[GapKind::NoOwner]),
        ];
        let tags = [("a", "owner", "ops"), ("b", "Owner", "ops"), ("c", "app", "shop"), ("d", "x", "y")];
        let digests = told(before.clone(), &now, &tags);
        let owners: Vec<_> =
            digests.iter().map(|digest| (digest.owner.as_deref(), digest.product.as_deref())).collect();
        assert_eq!(owners, [(Some("ops"), None), (Some("team-shop"), Some("shop"))]);
        assert_eq!((digests[0].before, digests[0].now, digests[0].resource.id.as_str()), (95, 57, "b"));
        assert_eq!(digests[0].title(), "Coverage fell: 2 resources of ops");
        assert_eq!(digests[1].title(), "Coverage fell: c of team-shop");
        assert!(digests[0].findings()[0].contains("b: 90 → 40") && digests[0].findings()[0].contains("aws do"));
        assert_eq!(told(before, &now, &tags), digests, "the same fall has the same id");
    }

    #[test]
    fn a_digest_is_an_alert_and_a_notice_that_reads_well() {
        let now = [covered("a", 75, &[GapKind::NoRetention])];
        let digest = told(vec![covered("a", 100, &[])], &now, &[("a", "Owner", "ops")]).remove(0);
        let envelope = crate::envelope::Envelope::first(digest, AT.parse().unwrap());
        let alert = crate::routing::Alert::from(&envelope);
        assert_eq!((alert.severity, alert.once, alert.labels.get("kind")), (Severity::Low, true, "coverage"));
        assert_eq!((alert.labels.get("resource"), alert.labels.get("incident")), ("a", envelope.id.as_str()));
        let email = crate::alert::email(&crate::alert::Notice::from(&envelope));
        assert_eq!(email.subject, "[LOW] Coverage fell: a of ops");
        for part in ["One resource is watched worse than before", "Owner       ops", "75 of 100, before 100", "aws do"]
        {
            assert!(email.body.contains(part), "{part}: {}", email.body);
        }
    }

    #[test]
    fn what_is_new_gone_better_or_the_same_tells_nobody() {
        let before = vec![
            covered("same", 50, &[GapKind::NoOwner]),
            covered("gone", 100, &[]),
            covered("better", 10, &[GapKind::NoOwner]),
        ];
        let now = [
            covered("same", 50, &[GapKind::NoOwner]),
            covered("new", 0, &[GapKind::NoOwner]),
            covered("better", 100, &[]),
        ];
        assert_eq!(told(before, &now, &[]), Vec::new());
    }

    #[test]
    fn a_digest_of_thousands_is_bounded_and_says_so() {
        let ids: Vec<String> = (0..3000).map(|n| format!("q{n}")).collect();
        let before = ids.iter().map(|id| covered(id, 100, &[])).collect();
        let now: Vec<_> = ids.iter().map(|id| covered(id, 50, &[GapKind::AlarmMissing; 9])).collect();
        let [digest] = &told(before, &now, &[])[..] else { panic!("one digest") };
        assert_eq!((digest.fallen.len(), digest.more, digest.fallen[0].gaps.len()), (NAMED, 2980, GAPS));
        assert!(digest.findings().last().unwrap().contains("2980 more"));
        assert!(serde_json::to_string(digest).unwrap().len() < 100_000);
    }
}
