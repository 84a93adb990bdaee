"""One resource of as many types as the local AWS can make, all asking to be watched."""

from __future__ import annotations

import json
from typing import Any

from local.deployment import PREFIX
from local.stack import ACCOUNT, REGION, Stack

TAGS = {f"{PREFIX}:monitor": "true", "Owner": "shop"}
PAIRS = [{"Key": key, "Value": value} for key, value in TAGS.items()]
LOWER = [{"key": key, "value": value} for key, value in TAGS.items()]
#: Every type of the catalogue but the suite itself and network load balancers, to which the emulator gives the ARN of an
#: application load balancer.
TYPES = {
    "apigateway:apis",
    "apigateway:restapis",
    "autoscaling:autoScalingGroup",
    "dynamodb:table",
    "ec2:instance",
    "ec2:natgateway",
    "ec2:volume",
    "ecs:cluster",
    "ecs:service",
    "elasticache:cluster",
    "elasticfilesystem:file-system",
    "elasticloadbalancing:loadbalancer/app",
    "es:domain",
    "kinesis:stream",
    "lambda:function",
    "rds:cluster",
    "rds:db",
    "sns:topic",
    "sqs:queue",
    "states:stateMachine",
}


def launch(stack: Stack) -> None:
    """All but the instance, which the demo's fleet brings."""
    client = stack.client
    subnets = [subnet["SubnetId"] for subnet in client("ec2").describe_subnets()["Subnets"]][:2]
    _ec2(stack, subnets)
    client("dynamodb").create_table(
        TableName="carts",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=PAIRS,
    )
    client("sqs").create_queue(QueueName="work", tags=TAGS)
    client("sns").create_topic(Name="news", Tags=PAIRS)
    client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    client("kinesis").add_tags_to_stream(StreamName="clicks", Tags=TAGS)
    client("lambda").tag_resource(Resource=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-api", Tags=TAGS)
    client("apigatewayv2").create_api(Name="shop", ProtocolType="HTTP", Tags=TAGS)
    client("apigateway").create_rest_api(name="shop-rest", tags=TAGS)
    client("efs").create_file_system(CreationToken="files", Tags=PAIRS)
    _states(stack)
    _ecs(stack, subnets)
    client("elbv2").create_load_balancer(Name="shop", Type="application", Subnets=subnets, Tags=PAIRS)
    client("elasticache").create_cache_cluster(
        CacheClusterId="sessions", Engine="memcached", CacheNodeType="cache.t3.micro", NumCacheNodes=1, Tags=PAIRS
    )
    client("opensearch").create_domain(DomainName="logs", TagList=PAIRS)
    database: dict[str, Any] = {"Engine": "aurora-mysql", "Tags": PAIRS}
    client("rds").create_db_cluster(
        DBClusterIdentifier="orders", MasterUsername="admin", MasterUserPassword="not-a-secret", **database
    )
    client("rds").create_db_instance(
        DBInstanceIdentifier="orders-1", DBClusterIdentifier="orders", DBInstanceClass="db.t3.medium", **database
    )


def _ec2(stack: Stack, subnets: list[str]) -> None:
    ec2, groups = stack.client("ec2"), stack.client("autoscaling")
    tagged = {"Tags": PAIRS}
    ec2.create_volume(
        AvailabilityZone=f"{REGION}a", Size=1, TagSpecifications=[{"ResourceType": "volume", **tagged}]
    )
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(
        SubnetId=subnets[0], AllocationId=address, TagSpecifications=[{"ResourceType": "natgateway", **tagged}]
    )
    groups.create_launch_configuration(LaunchConfigurationName="web", ImageId="ami-12345678", InstanceType="t3.micro")
    groups.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web",
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=[f"{REGION}a"],
        Tags=[{**pair, "PropagateAtLaunch": False} for pair in PAIRS],
    )


def _states(stack: Stack) -> None:
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    role = f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-api"
    stack.client("stepfunctions").create_state_machine(name="bill", definition=definition, roleArn=role, tags=LOWER)


def _ecs(stack: Stack, subnets: list[str]) -> None:
    ecs = stack.client("ecs")
    ecs.create_cluster(clusterName="shop", tags=LOWER)
    ecs.register_task_definition(family="cart", containerDefinitions=[{"name": "cart", "image": "cart", "memory": 64}])
    ecs.create_service(cluster="shop", serviceName="cart", taskDefinition="cart", desiredCount=0, tags=LOWER)


def untag(stack: Stack) -> None:
    """Nothing of it asks to be watched any more."""
    key = f"{PREFIX}:monitor"
    tagged = stack.client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": key}])["ResourceTagMappingList"]
    for arn in (mapping["ResourceARN"] for mapping in tagged):
        for name in TAGS:
            remove(stack, arn, name)
    stack.client("autoscaling").delete_tags(
        Tags=[{"ResourceId": "web", "ResourceType": "auto-scaling-group", "Key": key}]
    )


def remove(stack: Stack, arn: str, key: str) -> None:
    client, resource = stack.client, arn.split(":", 5)[5]
    match arn.split(":")[2]:
        case "ec2":
            client("ec2").delete_tags(Resources=[resource.split("/")[1]], Tags=[{"Key": key}])
        case "rds":
            client("rds").remove_tags_from_resource(ResourceName=arn, TagKeys=[key])
        case "elasticloadbalancing":
            client("elbv2").remove_tags(ResourceArns=[arn], TagKeys=[key])
        case "kinesis":
            client("kinesis").remove_tags_from_stream(StreamName=resource.split("/")[1], TagKeys=[key])
        case "states":
            client("stepfunctions").untag_resource(resourceArn=arn, tagKeys=[key])
        case "apigateway" if "/restapis/" in resource:
            client("apigateway").untag_resource(resourceArn=arn, tagKeys=[key])
        case "apigateway":
            client("apigatewayv2").untag_resource(ResourceArn=arn, TagKeys=[key])
        case "es":
            client("opensearch").remove_tags(ARN=arn, TagKeys=[key])
        case _:
            client("resourcegroupstaggingapi").untag_resources(ResourceARNList=[arn], TagKeys=[key])
