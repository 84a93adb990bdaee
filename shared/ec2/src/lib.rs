//! The one crate that calls EC2, in the domain's words. Its SDK is the heaviest dependency of the house: only the
//! functions that describe or repair instances depend on this crate. What Auto Scaling and Systems Manager do to instances,
//! and IAM to access keys, is called by hand ([`call`]).

mod call;
mod commands;
mod groups;
mod identities;

use std::collections::BTreeMap;
use std::error::Error;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{
    Filter, Instance, InstanceStatus, Reservation, ResourceType, SummaryStatus, Tag, TagSpecification,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use call::Neighbours;
pub use commands::CommandState;
use jiff::Timestamp;
use nightjar_aws::retry::{Failure, classify, explain};
use nightjar_domain::onboarding::FoundResource;
use nightjar_domain::remediation::InstanceState;
use nightjar_domain::resource::{EC2_INSTANCE, ResourceRef};

/// EC2 did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum Ec2Error {
    #[error("EC2 {operation} failed: {problem}")]
    Request { operation: &'static str, problem: String, failure: Failure },
    #[error("{service} {operation} failed: {problem}")]
    Call { service: &'static str, operation: &'static str, problem: String },
    #[error("Auto Scaling, Systems Manager and IAM cannot be called: there is no configuration for it")]
    NoCaller,
}

impl Ec2Error {
    /// What kind of failure it is.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Request { failure, .. } => *failure,
            Self::Call { .. } | Self::NoCaller => Failure::Other,
        }
    }
}

/// Describes and repairs instances of one account and region.
#[derive(Debug, Clone)]
pub struct Fleet {
    client: Client,
    region: String,
    caller: Option<Neighbours>,
}

impl Fleet {
    pub fn new(config: &aws_config::SdkConfig) -> Self {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        Self::with_client(Client::new(config), region).calling(config)
    }

    /// With Auto Scaling, Systems Manager and IAM called as `config` says.
    #[must_use]
    pub fn calling(self, config: &aws_config::SdkConfig) -> Self {
        Self { caller: Some(Neighbours::new(config)), ..self }
    }

    /// With a client made elsewhere, for tests.
    pub fn with_client(client: Client, region: String) -> Self {
        Self { client, region, caller: None }
    }

    /// The region whose instances these are.
    pub fn region(&self) -> &str {
        &self.region
    }

    fn caller(&self) -> Result<&Neighbours, Ec2Error> {
        self.caller.as_ref().ok_or(Ec2Error::NoCaller)
    }

    /// Every instance that carries the tag `key=value`, except those that are terminated.
    pub async fn tagged(&self, key: &str, value: &str) -> Result<Vec<FoundResource>, Ec2Error> {
        let states = ["pending", "running", "stopping", "stopped", "shutting-down"];
        let mut pages = self
            .client
            .describe_instances()
            .filters(Filter::builder().name(format!("tag:{key}")).values(value).build())
            .filters(
                Filter::builder()
                    .name("instance-state-name")
                    .set_values(Some(states.map(str::to_owned).to_vec()))
                    .build(),
            )
            .into_paginator()
            .send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("DescribeInstances", &error))?;
            for reservation in page.reservations() {
                let owner = reservation.owner_id().unwrap_or_default();
                found.extend(reservation.instances().iter().filter_map(|instance| self.found(instance, owner)));
            }
        }
        Ok(found)
    }

    /// The instance as it is right now; `None` when EC2 knows no such instance.
    pub async fn instance(&self, id: &str) -> Result<Option<InstanceState>, Ec2Error> {
        let answer = match self.client.describe_instances().instance_ids(id).send().await {
            Ok(answer) => answer,
            Err(error) if classify(&error) == Failure::NotFound => return Ok(None),
            Err(error) => return Err(failed("DescribeInstances", &error)),
        };
        let Some(instance) = answer.reservations().iter().flat_map(Reservation::instances).next() else {
            return Ok(None);
        };
        let mut found = InstanceState {
            state: state_of(instance),
            tags: tags_of(instance.tags()),
            launched_at: launched_at(instance),
            root_device: instance.root_device_type().map(|device| device.as_str().to_owned()),
            volumes: volumes_of(instance),
            security_groups: security_groups_of(instance),
            network_interfaces: u32::try_from(instance.network_interfaces().len()).unwrap_or(u32::MAX),
            ..InstanceState::default()
        };
        let answer = self.client.describe_instance_status().instance_ids(id).send().await;
        match answer {
            Ok(answer) => add_status(&mut found, answer.instance_statuses()),
            // Gone between the two calls.
            Err(error) if classify(&error) == Failure::NotFound => return Ok(None),
            Err(error) => return Err(failed("DescribeInstanceStatus", &error)),
        }
        Ok(Some(found))
    }

    /// How many instances with the tag `key=value` are running.
    pub async fn running(&self, key: &str, value: &str) -> Result<u32, Ec2Error> {
        let filter = |name: String, value: &str| Filter::builder().name(name).values(value).build();
        let mut pages = self
            .client
            .describe_instances()
            .filters(filter(format!("tag:{key}"), value))
            .filters(filter("instance-state-name".to_owned(), "running"))
            .into_paginator()
            .send();
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("DescribeInstances", &error))?;
            count += page.reservations().iter().map(|reservation| reservation.instances().len()).sum::<usize>();
        }
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Asks for a stop. EC2 answers at once; the instance is stopped some minutes later. Repeating it changes nothing.
    pub async fn stop(&self, id: &str) -> Result<(), Ec2Error> {
        let answer = self.client.stop_instances().instance_ids(id).send().await;
        answer.map(|_| ()).map_err(|error| failed("StopInstances", &error))
    }

    /// Starts a stopped instance; one that runs is left as it is.
    pub async fn start(&self, id: &str) -> Result<(), Ec2Error> {
        let answer = self.client.start_instances().instance_ids(id).send().await;
        answer.map(|_| ()).map_err(|error| failed("StartInstances", &error))
    }

    /// The volumes that have a snapshot with the tag `key=value`.
    pub async fn snapshots(&self, key: &str, value: &str) -> Result<Vec<String>, Ec2Error> {
        let filter = Filter::builder().name(format!("tag:{key}")).values(value).build();
        let answer = self.client.describe_snapshots().owner_ids("self").filters(filter).send().await;
        let answer = answer.map_err(|error| failed("DescribeSnapshots", &error))?;
        Ok(answer.snapshots().iter().filter_map(|snapshot| Some(snapshot.volume_id()?.to_owned())).collect())
    }

    /// Takes a snapshot of a volume. It holds the volume as it is now, though EC2 copies it for a while.
    pub async fn snapshot(&self, volume: &str, key: &str, value: &str) -> Result<(), Ec2Error> {
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::Snapshot)
            .tags(Tag::builder().key(key).value(value).build())
            .build();
        let answer = self
            .client
            .create_snapshot()
            .volume_id(volume)
            .description(format!("Nightjar, before it repairs {value}"))
            .tag_specifications(tags)
            .send()
            .await;
        answer.map(|_| ()).map_err(|error| failed("CreateSnapshot", &error))
    }

    /// Puts the instance into these security groups and no others; to ask twice is to ask once.
    pub async fn set_security_groups(&self, id: &str, groups: &[String]) -> Result<(), Ec2Error> {
        let answer =
            self.client.modify_instance_attribute().instance_id(id).set_groups(Some(groups.to_vec())).send().await;
        answer.map(|_| ()).map_err(|error| failed("ModifyInstanceAttribute", &error))
    }

    /// Asks for a reboot. EC2 answers at once and reboots within minutes; one that hangs is turned into a hard reboot.
    pub async fn reboot(&self, id: &str) -> Result<(), Ec2Error> {
        let answer = self.client.reboot_instances().instance_ids(id).send().await;
        answer.map(|_| ()).map_err(|error| failed("RebootInstances", &error))
    }

    fn found(&self, instance: &Instance, owner: &str) -> Option<FoundResource> {
        let id = instance.instance_id()?.to_owned();
        let tags = tags_of(instance.tags());
        Some(FoundResource {
            reference: ResourceRef {
                arn: format!("arn:{}:ec2:{}:{owner}:instance/{id}", partition(&self.region), self.region),
                kind: EC2_INSTANCE.to_owned(),
                region: self.region.clone(),
                account: owner.to_owned(),
                name: tags.get("Name").cloned(),
                id,
            },
            state: state_of(instance),
            launched_at: launched_at(instance),
            neighbours: neighbours_of(instance),
            details: details_of(instance),
            tags,
        })
    }
}

/// The ARN partition of a region.
fn partition(region: &str) -> &'static str {
    match region {
        r if r.starts_with("cn-") => "aws-cn",
        r if r.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

fn state_of(instance: &Instance) -> String {
    let name = instance.state().and_then(|state| state.name());
    name.map_or_else(|| "unknown".to_owned(), |name| name.as_str().to_owned())
}

fn volumes_of(instance: &Instance) -> Vec<String> {
    let mappings = instance.block_device_mappings().iter();
    mappings.filter_map(|mapping| Some(mapping.ebs()?.volume_id()?.to_owned())).collect()
}

fn security_groups_of(instance: &Instance) -> Vec<String> {
    let groups = instance.security_groups().iter();
    let mut ids: Vec<String> = groups.filter_map(|group| Some(group.group_id()?.to_owned())).collect();
    ids.sort();
    ids
}

/// What `DescribeInstanceStatus` says; it knows running instances only.
fn add_status(found: &mut InstanceState, statuses: &[InstanceStatus]) {
    for status in statuses {
        let checks = [status.system_status(), status.instance_status()];
        let any = |wanted: &SummaryStatus| checks.iter().flatten().any(|check| check.status() == Some(wanted));
        found.is_initializing |= any(&SummaryStatus::Initializing);
        found.is_impaired |= any(&SummaryStatus::Impaired);
        // AWS keeps an event that is over for a while, and says so in its description.
        let pending = status.events().iter().filter(|event| {
            !event.description().is_some_and(|text| text.starts_with("[Completed]") || text.starts_with("[Canceled]"))
        });
        found.scheduled_events.extend(pending.filter_map(|event| Some(event.code()?.as_str().to_owned())));
    }
}

fn launched_at(instance: &Instance) -> Option<Timestamp> {
    instance.launch_time().and_then(|at| Timestamp::from_second(at.secs()).ok())
}

fn tags_of(tags: &[Tag]) -> BTreeMap<String, String> {
    tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))).collect()
}

/// What a change of would be a change of the instance.
fn neighbours_of(instance: &Instance) -> BTreeMap<String, String> {
    let groups = instance.security_groups().iter().filter_map(|group| group.group_id());
    let mut neighbours: BTreeMap<String, String> =
        groups.map(|id| (id.to_owned(), "its security group".to_owned())).collect();
    // An instance profile usually has the name of its role.
    let profile = instance.iam_instance_profile().and_then(|profile| profile.arn()?.rsplit('/').next());
    neighbours.extend(profile.map(|name| (name.to_owned(), "its role".to_owned())));
    neighbours.extend(instance.subnet_id().map(|id| (id.to_owned(), "its subnet".to_owned())));
    let volumes = instance.block_device_mappings().iter().filter_map(|device| device.ebs()?.volume_id());
    neighbours.extend(volumes.map(|id| (id.to_owned(), "its volume".to_owned())));
    neighbours
}

/// Whether it publishes its metrics by the minute.
fn details_of(instance: &Instance) -> BTreeMap<String, String> {
    let state = instance.monitoring().and_then(|monitoring| monitoring.state());
    state.map(|state| ("monitoring".to_owned(), state.as_str().to_owned())).into_iter().collect()
}

fn failed(operation: &'static str, error: &(impl ProvideErrorMetadata + Error)) -> Ec2Error {
    Ec2Error::Request { operation, problem: explain(error), failure: classify(error) }
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_sdk_ec2::operation::describe_instances::{DescribeInstancesError, DescribeInstancesOutput};
    use aws_sdk_ec2::operation::reboot_instances::{RebootInstancesError, RebootInstancesOutput};
    use aws_sdk_ec2::types::{InstanceState as Ec2State, InstanceStateName};
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    /// A fleet whose calls by hand go to a server of the test.
    pub(crate) fn fleet_calling(server: &wiremock::MockServer) -> Fleet {
        let client = mock_client!(aws_sdk_ec2, RuleMode::MatchAny, []);
        Fleet { caller: Some(call::tests::caller_of(server)), ..Fleet::with_client(client, "eu-west-1".into()) }
    }

    fn page(ids: &[&str], next: Option<&str>) -> DescribeInstancesOutput {
        let instances = ids.iter().map(|id| {
            Instance::builder()
                .instance_id(*id)
                .state(Ec2State::builder().name(InstanceStateName::Running).build())
                .tags(Tag::builder().key("Name").value("web").build())
                .build()
        });
        let reservation = Reservation::builder().owner_id("123456789012").set_instances(Some(instances.collect()));
        DescribeInstancesOutput::builder()
            .reservations(reservation.build())
            .set_next_token(next.map(str::to_owned))
            .build()
    }

    #[tokio::test]
    async fn all_pages_are_read() {
        let first = mock!(Client::describe_instances)
            .match_requests(|request| request.next_token().is_none())
            .then_output(|| page(&["i-1", "i-2"], Some("more")));
        let second = mock!(Client::describe_instances)
            .match_requests(|request| request.next_token() == Some("more"))
            .then_output(|| page(&["i-3"], None));
        let client = mock_client!(aws_sdk_ec2, RuleMode::MatchAny, [&first, &second]);
        let found = Fleet::with_client(client, "eu-west-1".into()).tagged("aiops:monitor", "true").await.unwrap();
        let arns: Vec<&str> = found.iter().map(|resource| resource.reference.arn.as_str()).collect();
        assert_eq!(arns, ["i-1", "i-2", "i-3"].map(|id| format!("arn:aws:ec2:eu-west-1:123456789012:instance/{id}")));
    }

    #[tokio::test]
    async fn an_instance_that_does_not_exist_is_no_error() {
        let rule = mock!(Client::describe_instances).then_error(|| {
            DescribeInstancesError::generic(ErrorMetadata::builder().code("InvalidInstanceID.NotFound").build())
        });
        let client = mock_client!(aws_sdk_ec2, [&rule]);
        assert_eq!(Fleet::with_client(client, "eu-west-1".into()).instance("i-0").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_refused_reboot_says_who_refused_what() {
        let rule = mock!(Client::reboot_instances).then_error(|| {
            RebootInstancesError::generic(
                ErrorMetadata::builder().code("UnauthorizedOperation").message("You are not authorized").build(),
            )
        });
        let client = mock_client!(aws_sdk_ec2, [&rule]);
        let error = Fleet::with_client(client, "eu-west-1".into()).reboot("i-1").await.unwrap_err();
        assert_eq!(error.to_string(), "EC2 RebootInstances failed: UnauthorizedOperation: You are not authorized");
    }

    #[tokio::test]
    async fn only_the_named_instance_is_rebooted() {
        let rule = mock!(Client::reboot_instances)
            .match_requests(|request| request.instance_ids() == ["i-1"])
            .then_output(|| RebootInstancesOutput::builder().build());
        let client = mock_client!(aws_sdk_ec2, [&rule]);
        Fleet::with_client(client, "eu-west-1".into()).reboot("i-1").await.unwrap();
        assert_eq!(rule.num_calls(), 1);
    }

    #[tokio::test]
    async fn groups_are_set_all_at_once() {
        use aws_sdk_ec2::operation::modify_instance_attribute::ModifyInstanceAttributeOutput;
        let rule = mock!(Client::modify_instance_attribute)
            .match_requests(|request| request.instance_id() == Some("i-1") && request.groups() == ["sg-1", "sg-2"])
            .then_output(|| ModifyInstanceAttributeOutput::builder().build());
        let client = mock_client!(aws_sdk_ec2, [&rule]);
        let groups = ["sg-1".to_owned(), "sg-2".to_owned()];
        Fleet::with_client(client, "eu-west-1".into()).set_security_groups("i-1", &groups).await.unwrap();
        assert_eq!(rule.num_calls(), 1);
    }

    #[test]
    fn arns_know_their_partition() {
        assert_eq!(["cn-north-1", "us-gov-west-1", "eu-west-1"].map(partition), ["aws-cn", "aws-us-gov", "aws"]);
    }
}
