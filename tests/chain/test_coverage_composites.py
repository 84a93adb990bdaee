"""One voice for a resource: a composite alarm tells for its alarms, which are silent only while it does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from conftest import Chain, until
from demo.fleet import BYSTANDER
from local.deployment import PREFIX
from local.stack import ACCOUNT, REGION
from test_coverage import asked
from test_coverage_alarms import Watched, within_and_beyond

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:{PREFIX}-alarms"
POLICY = "composite-alarms"


@contextmanager
def allowed(chain: Chain, function: str, action: str) -> Iterator[None]:
    """What the variable `composite_alarms` gives the function's role."""
    stack = chain.deployment.stack
    role = stack.client("lambda").get_function_configuration(FunctionName=f"{PREFIX}-{function}")["Role"].rsplit("/", 1)[1]
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    stack.client("iam").put_role_policy(RoleName=role, PolicyName=POLICY, PolicyDocument=document)
    try:
        yield
    finally:
        stack.client("iam").delete_role_policy(RoleName=role, PolicyName=POLICY)


def turn(chain: Chain, on: bool) -> None:
    """What the variable `composite_alarms` tells onboarding."""
    client = chain.deployment.stack.client("lambda")
    name = f"{PREFIX}-onboarding"
    variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables["COMPOSITE_ALARMS"] = str(on).lower()
    client.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


@pytest.fixture
def in_one_voice(chain: Chain) -> Iterator[None]:
    with (
        allowed(chain, "onboarding", "cloudwatch:PutCompositeAlarm"),
        allowed(chain, "log-analyzer-rca", "cloudwatch:DescribeAlarms"),
    ):
        turn(chain, True)
        try:
            yield
        finally:
            turn(chain, False)
            asked(chain, "apply")


def composites(chain: Chain) -> list[dict[str, Any]]:
    answer = chain.deployment.stack.client("cloudwatch").describe_alarms(AlarmTypes=["CompositeAlarm"])
    return answer["CompositeAlarms"]


def applied(chain: Chain) -> dict[str, Any]:
    done = asked(chain, "apply")
    assert (done["applied"]["left"], done["applied"]["refused"]) == (0, []), done["applied"]
    plan = asked(chain, "plan")
    steps = [plan["to_create"], plan["to_change"], plan["to_delete"], *plan["composites"].values(), plan["goes_on"]]
    assert not any(steps), f"one apply comes to rest: {plan}"
    return done


def test_a_resource_tells_with_one_voice_and_the_incident_knows_the_metric(chain: Chain, in_one_voice: None) -> None:
    (instance,) = chain.launch(BYSTANDER, with_history=False).instances
    both_levels = [{"Key": f"{PREFIX}:alarms", "Value": "all"}]
    chain.deployment.stack.client("ec2").create_tags(Resources=[instance.id], Tags=both_levels)
    (resource,) = [row for row in chain.records.inventory() if row["id"] == instance.id]
    watched = Watched(chain, {resource["type"]: resource})
    applied(chain)
    (voice,) = [one for one in composites(chain) if one["AlarmDescription"].endswith(f" resource={resource['arn']}")]
    alarms = watched.alarms(resource["arn"])
    names = [alarm["AlarmName"] for alarm in alarms if alarm["AlarmName"] != voice["AlarmName"]]
    assert len(names) > 1 and all(f'ALARM("{name}")' in voice["AlarmRule"] for name in names)
    assert voice["AlarmActions"] == voice["OKActions"] == [TOPIC]
    assert all(alarm["AlarmActions"] == alarm["OKActions"] == [] for alarm in alarms)

    of_cpu = {alarm["AlarmName"].rsplit("-", 2)[1]: alarm for alarm in alarms if alarm["MetricName"] == "CPUUtilization"}
    warning, critical = of_cpu["warning"], of_cpu["critical"]
    within, beyond = within_and_beyond(critical)
    watched.put(warning, within)
    watched.put(warning, (warning["Threshold"] + critical["Threshold"]) / 2, times=1000)
    chain.settle()
    assert (watched.state(warning), watched.state(critical)) == ("ALARM", "OK")
    (incident,) = watched.incidents(resource)
    assert incident["anomaly"]["metric"]["name"] == "CPUUtilization" and incident["anomaly"]["metric"]["namespace"] == "AWS/EC2"
    assert warning["AlarmName"] in incident["anomaly"]["reasons"][0]
    entries = len(incident["timeline"])

    watched.put(critical, beyond, times=1000)
    chain.settle()
    assert watched.state(critical) == "ALARM"
    (incident,) = watched.incidents(resource)
    assert len(incident["timeline"]) == entries, "the resource is known to be unwell"

    watched.put(critical, within, times=1_000_000)
    until(lambda: composites(chain)[0]["StateValue"] == "OK", "the composite alarm to be OK")
    chain.settle()
    (incident,) = watched.incidents(resource)
    assert f"the alarm {warning['AlarmName']} is OK again" in incident["timeline"][-1]["why"]

    # Without a group the alarms tell for themselves, and the composite alarm goes; without the instance all of them go.
    turn(chain, False)
    applied(chain)
    assert composites(chain) == []
    assert all(alarm["AlarmActions"] == [TOPIC] for alarm in watched.alarms(resource["arn"]))
    turn(chain, True)
    applied(chain)
    chain.deployment.stack.client("ec2").terminate_instances(InstanceIds=[instance.id])
    applied(chain)
    assert composites(chain) == [] and watched.alarms(resource["arn"]) == []
