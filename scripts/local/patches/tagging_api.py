"""The Tagging API finds what AWS's finds, and IAM sees the tags of alarms.

Gap: GetResources leaves out volumes, NAT gateways, databases, load balancers, streams, state machines, APIs and search domains; a
condition on the tags of an alarm is never met.
AWS (Resource Groups Tagging API, supported services; IAM service authorization reference, CloudWatch): all of these are
returned, Auto Scaling groups are not, and DeleteAlarms supports aws:ResourceTag on the alarm.
"""

from __future__ import annotations

from collections.abc import Iterator

from ministack.core.responses import get_account_id, get_region
from ministack.services import (
    alb,
    apigateway,
    apigateway_v1,
    cloudwatch,
    ec2,
    kinesis,
    opensearch,
    rds,
    stepfunctions,
    tagging,
)

Tagged = Iterator[tuple[str, list[dict[str, str]]]]


def _ec2() -> Tagged:
    for kind, resources in (("instance", ec2._instances), ("volume", ec2._volumes), ("natgateway", ec2._nat_gateways)):
        for name in resources:
            yield f"arn:aws:ec2:{get_region()}:{get_account_id()}:{kind}/{name}", ec2._tags.get(name) or []


def _rds() -> Tagged:
    for resources, field in ((rds._instances, "DBInstanceArn"), (rds._clusters, "DBClusterArn")):
        for resource in resources.values():
            yield resource[field], rds._tags.get(resource[field]) or []


def _load_balancers() -> Tagged:
    for arn in alb._lbs:
        yield arn, alb._tags.get(arn) or []


def _kinesis() -> Tagged:
    for name, stream in kinesis._streams.items():
        yield f"arn:aws:kinesis:{get_region()}:{get_account_id()}:stream/{name}", _pairs(stream["tags"])


def _states() -> Tagged:
    for arn in stepfunctions._state_machines:
        yield arn, [{"Key": tag["key"], "Value": tag["value"]} for tag in stepfunctions._tags.get(arn) or []]


def _apis() -> Tagged:
    for api in apigateway._apis:
        arn = apigateway._api_arn(api)
        yield arn, _pairs(apigateway._api_tags.get(arn) or {})
    for api in apigateway_v1._rest_apis:
        arn = apigateway_v1._rest_api_arn(api)
        yield arn, _pairs(apigateway_v1._v1_tags.get(arn) or {})


def _search_domains() -> Tagged:
    for domain in opensearch._domains.values():
        yield domain["ARN"], opensearch._tags.get(domain["ARN"]) or []


def _alarms() -> Tagged:
    for alarm in cloudwatch._alarms.values():
        yield alarm["AlarmArn"], _pairs(cloudwatch._resource_tags.get(alarm["AlarmArn"]) or {})


def _pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def apply() -> None:
    tagging._COLLECTORS |= {
        "ec2": _ec2,
        "rds": _rds,
        "elasticloadbalancing": _load_balancers,
        "kinesis": _kinesis,
        "states": _states,
        "apigateway": _apis,
        "es": _search_domains,
        "cloudwatch": _alarms,
    }
    tagging._RESOURCE_TAG_COLLECTORS["cloudwatch"] = _alarms
