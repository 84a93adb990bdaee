"""One resource of as many types as the local AWS can make, all asking to be watched."""

from __future__ import annotations

import json
from typing import Any

from local.deployment import PREFIX
from local.stack import ACCOUNT, REGION, Stack

TAGS = {f"{PREFIX}:monitor": "true", "Owner": "shop"}
PAIRS = [{"Key": key, "Value": value} for key, value in TAGS.items()]
LOWER = [{"key": key, "value": value} for key, value in TAGS.items()]
#: Every type of the catalogue but the suite itself.
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
    "elasticloadbalancing:loadbalancer/net",
    "es:domain",
    "kinesis:stream",
    "lambda:function",
    "rds:cluster",
    "rds:db",
    "sns:topic",
    "sqs:queue",
    "states:stateMachine",
}


def launch(stack: Stack, suffix: str = "") -> None:
    """All but the instance, which the demo's fleet brings. What is launched again needs other names: nothing is deleted."""
    client = stack.client
    subnets = [subnet["SubnetId"] for subnet in client("ec2").describe_subnets()["Subnets"]][:2]
    _ec2(stack, subnets, suffix)
    client("dynamodb").create_table(
        TableName=f"carts{suffix}",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=PAIRS,
    )
    client("sqs").create_queue(QueueName=f"work{suffix}", tags=TAGS)
    client("sns").create_topic(Name=f"news{suffix}", Tags=PAIRS)
    client("kinesis").create_stream(StreamName=f"clicks{suffix}", ShardCount=1)
    client("kinesis").add_tags_to_stream(StreamName=f"clicks{suffix}", Tags=TAGS)
    client("lambda").tag_resource(Resource=f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{PREFIX}-api", Tags=TAGS)
    client("apigatewayv2").create_api(Name="shop", ProtocolType="HTTP", Tags=TAGS)
    client("apigateway").create_rest_api(name=f"shop-rest{suffix}", tags=TAGS)
    client("efs").create_file_system(CreationToken=f"files{suffix}", Tags=PAIRS)
    _states(stack, suffix)
    _ecs(stack, suffix)
    for name, kind in (("shop", "application"), ("shop-net", "network")):
        client("elbv2").create_load_balancer(Name=f"{name}{suffix}", Type=kind, Subnets=subnets, Tags=PAIRS)
    client("elasticache").create_cache_cluster(
        CacheClusterId=f"sessions{suffix}",
        Engine="memcached",
        CacheNodeType="cache.t3.micro",
        NumCacheNodes=1,
        Tags=PAIRS,
    )
    client("opensearch").create_domain(DomainName=f"logs{suffix}", TagList=PAIRS)
    database: dict[str, Any] = {"Engine": "aurora-mysql", "Tags": PAIRS}
    client("rds").create_db_cluster(
        DBClusterIdentifier=f"orders{suffix}", MasterUsername="admin", MasterUserPassword="not-a-secret", **database
    )
    client("rds").create_db_instance(
        DBInstanceIdentifier=f"orders-1{suffix}",
        DBClusterIdentifier=f"orders{suffix}",
        DBInstanceClass="db.t3.medium",
        **database,
    )


def _ec2(stack: Stack, subnets: list[str], suffix: str) -> None:
    ec2, groups = stack.client("ec2"), stack.client("autoscaling")
    tagged = {"Tags": PAIRS}
    ec2.create_volume(
        AvailabilityZone=f"{REGION}a", Size=1, TagSpecifications=[{"ResourceType": "volume", **tagged}]
    )
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(
        SubnetId=subnets[0], AllocationId=address, TagSpecifications=[{"ResourceType": "natgateway", **tagged}]
    )
    image = {"ImageId": "ami-12345678", "InstanceType": "t3.micro"}
    groups.create_launch_configuration(LaunchConfigurationName=f"web{suffix}", **image)
    groups.create_auto_scaling_group(
        AutoScalingGroupName=f"web{suffix}",
        LaunchConfigurationName=f"web{suffix}",
        MinSize=0,
        MaxSize=1,
        AvailabilityZones=[f"{REGION}a"],
        Tags=[{**pair, "PropagateAtLaunch": False} for pair in PAIRS],
    )


def _states(stack: Stack, suffix: str) -> None:
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    role = f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-api"
    states = stack.client("stepfunctions")
    states.create_state_machine(name=f"bill{suffix}", definition=definition, roleArn=role, tags=LOWER)


def _ecs(stack: Stack, suffix: str) -> None:
    ecs = stack.client("ecs")
    ecs.create_cluster(clusterName=f"shop{suffix}", tags=LOWER)
    ecs.register_task_definition(family="cart", containerDefinitions=[{"name": "cart", "image": "cart", "memory": 64}])
    service = {"serviceName": f"cart{suffix}", "taskDefinition": "cart", "desiredCount": 0}
    ecs.create_service(cluster=f"shop{suffix}", tags=LOWER, **service)


def untag(stack: Stack) -> None:
    """Nothing of it asks to be watched any more."""
    key = f"{PREFIX}:monitor"
    tagged = stack.client("resourcegroupstaggingapi").get_resources(TagFilters=[{"Key": key}])["ResourceTagMappingList"]
    for arn in (mapping["ResourceARN"] for mapping in tagged):
        for name in TAGS:
            remove(stack, arn, name)
    groups = stack.client("autoscaling")
    for group in groups.describe_auto_scaling_groups()["AutoScalingGroups"]:
        name = group["AutoScalingGroupName"]
        groups.delete_tags(Tags=[{"ResourceId": name, "ResourceType": "auto-scaling-group", "Key": key}])


def forget(stack: Stack) -> None:
    """No resource asks to be watched any more, and the alarms that were made for them are gone."""
    untag(stack)
    cloudwatch = stack.client("cloudwatch")
    pages = cloudwatch.get_paginator("describe_alarms").paginate()
    alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
    made = [alarm["AlarmName"] for alarm in alarms if " resource=" in (alarm.get("AlarmDescription") or "")]
    for start in range(0, len(made), 100):
        cloudwatch.delete_alarms(AlarmNames=made[start : start + 100])


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
