//! Auto Scaling groups: as they are, and the two changes that may help.

use nightjar_calls::xml::Element;
use nightjar_domain::remediation::{GroupState, Member};

use crate::{Ec2Error, Fleet};

impl Fleet {
    /// The group as it is right now; `None` when there is none of that name.
    pub async fn group(&self, name: &str) -> Result<Option<GroupState>, Ec2Error> {
        let asked = [("AutoScalingGroupNames.member.1", name)];
        let answer = self.caller()?.autoscaling("DescribeAutoScalingGroups", &asked).await?;
        let groups =
            answer.child("DescribeAutoScalingGroupsResult").map_or(&[][..], |r| r.members("AutoScalingGroups"));
        groups.iter().find(|group| group.text("AutoScalingGroupName") == name).map(read).transpose()
    }

    /// Has the group terminate one of its instances and launch another in its place: the desired capacity stays.
    pub async fn replace(&self, instance: &str) -> Result<(), Ec2Error> {
        let asked = [("InstanceId", instance), ("ShouldDecrementDesiredCapacity", "false")];
        self.caller()?.autoscaling("TerminateInstanceInAutoScalingGroup", &asked).await.map(drop)
    }

    /// Asks for `desired` instances in all; to ask twice is to ask once. A cooldown of the group's own is respected.
    pub async fn set_capacity(&self, group: &str, desired: u32) -> Result<(), Ec2Error> {
        let desired = desired.to_string();
        let asked = [("AutoScalingGroupName", group), ("DesiredCapacity", &desired), ("HonorCooldown", "true")];
        self.caller()?.autoscaling("SetDesiredCapacity", &asked).await.map(drop)
    }
}

fn read(group: &Element) -> Result<GroupState, Ec2Error> {
    let name = group.text("AutoScalingGroupName").to_owned();
    let count = |field: &str| {
        group.text(field).parse::<u32>().map_err(|_| Ec2Error::Call {
            service: "autoscaling",
            operation: "DescribeAutoScalingGroups",
            problem: format!("{field} of {name} is no number: {:?}", group.text(field)),
        })
    };
    let member = |instance: &Element| Member {
        instance: instance.text("InstanceId").to_owned(),
        lifecycle: instance.text("LifecycleState").to_owned(),
        is_healthy: instance.text("HealthStatus").eq_ignore_ascii_case("healthy"),
    };
    Ok(GroupState {
        min: count("MinSize")?,
        max: count("MaxSize")?,
        desired: count("DesiredCapacity")?,
        members: group.members("Instances").iter().map(member).collect(),
        tags: group.members("Tags").iter().map(|tag| (tag.text("Key").into(), tag.text("Value").into())).collect(),
        suspended: group.members("SuspendedProcesses").iter().map(|p| p.text("ProcessName").to_owned()).collect(),
        name,
    })
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::body_string_contains;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use crate::tests::fleet_calling;

    const ANSWER: &str = r#"<DescribeAutoScalingGroupsResponse xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">
      <DescribeAutoScalingGroupsResult><AutoScalingGroups><member>
        <AutoScalingGroupName>web</AutoScalingGroupName><MinSize>1</MinSize><MaxSize>4</MaxSize><DesiredCapacity>2</DesiredCapacity>
        <AvailabilityZones><member>eu-west-1a</member></AvailabilityZones>
        <Instances>
          <member><InstanceId>i-1</InstanceId><LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus></member>
          <member><InstanceId>i-2</InstanceId><LifecycleState>Pending</LifecycleState><HealthStatus>Unhealthy</HealthStatus></member>
        </Instances>
        <Tags><member><Key>aiops:remediate</Key><Value>scale_out</Value></member></Tags>
        <SuspendedProcesses><member><ProcessName>Launch</ProcessName></member></SuspendedProcesses>
      </member></AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>"#;

    async fn answering(action: &str, body: &str) -> MockServer {
        let server = MockServer::start().await;
        Mock::given(body_string_contains(format!("Action={action}&")))
            .respond_with(ResponseTemplate::new(200).set_body_string(body))
            .expect(1)
            .mount(&server)
            .await;
        server
    }

    #[tokio::test]
    async fn a_group_is_read_whole() {
        let server = answering("DescribeAutoScalingGroups", ANSWER).await;
        let group = fleet_calling(&server).group("web").await.unwrap().unwrap();
        assert_eq!((group.min, group.max, group.desired), (1, 4, 2));
        let members: Vec<_> = group.members.iter().map(|m| (m.instance.as_str(), m.is_in_service())).collect();
        assert_eq!(members, [("i-1", true), ("i-2", false)]);
        assert_eq!(group.tags["aiops:remediate"], "scale_out");
        assert_eq!(group.suspended, ["Launch"]);
    }

    #[tokio::test]
    async fn a_group_that_is_not_there_is_no_error_and_half_an_answer_is_one() {
        let server = answering("DescribeAutoScalingGroups", "<DescribeAutoScalingGroupsResponse/>").await;
        assert_eq!(fleet_calling(&server).group("web").await.unwrap(), None);
        let half = ANSWER.split("<MaxSize>").next().unwrap();
        let server = answering("DescribeAutoScalingGroups", half).await;
        let error = fleet_calling(&server).group("web").await.unwrap_err().to_string();
        assert!(error.contains("MaxSize of web is no number"), "{error}");
    }

    #[tokio::test]
    async fn a_replacement_keeps_the_capacity() {
        let server = answering("TerminateInstanceInAutoScalingGroup", "<R/>").await;
        fleet_calling(&server).replace("i-1").await.unwrap();
        let request = server.received_requests().await.unwrap().remove(0);
        let body = String::from_utf8(request.body).unwrap();
        assert!(body.ends_with("InstanceId=i-1&ShouldDecrementDesiredCapacity=false"), "{body}");
    }

    #[tokio::test]
    async fn a_capacity_is_absolute() {
        let server = answering("SetDesiredCapacity", "<R/>").await;
        fleet_calling(&server).set_capacity("web", 3).await.unwrap();
        let request = server.received_requests().await.unwrap().remove(0);
        let body = String::from_utf8(request.body).unwrap();
        assert!(body.ends_with("AutoScalingGroupName=web&DesiredCapacity=3&HonorCooldown=true"), "{body}");
    }
}
