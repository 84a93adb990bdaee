"""Nothing to watch, nothing to read, and an AWS that refuses."""

from __future__ import annotations

import pytest

from conftest import Chain
from demo.fleet import BYSTANDER, TARGET, Role


def test_without_tagged_instances_a_run_is_quiet(chain: Chain) -> None:
    chain.launch(Role("stranger", watched=False, may_be_rebooted=True, gets_into_trouble=True))
    assert chain.records.inventory() == []
    assert chain.dead_letters("onboarding") == chain.dead_letters("anomaly-detector") == 0


def test_without_datapoints_nothing_is_learnt_and_nothing_is_wrong(chain: Chain) -> None:
    known = len(chain.records.facts("anomaly.detected"))
    chain.launch(TARGET, with_history=False)
    (resource,) = chain.records.inventory()
    assert "memory_metric" in resource["missing"]
    assert len(chain.records.facts("anomaly.detected")) == known
    assert chain.dead_letters("anomaly-detector") == 0


def test_a_terminated_instance_is_retired_without_waiting_for_the_schedule(chain: Chain) -> None:
    fleet = chain.launch(BYSTANDER, with_history=False)
    chain.deployment.stack.client("ec2").terminate_instances(InstanceIds=[fleet.get(BYSTANDER).id])
    chain.settle()
    assert chain.records.inventory() == []


@pytest.mark.parametrize(
    ("service", "action"), [("ec2", "DescribeInstances"), ("monitoring", "GetMetricData"), ("dynamodb", "PutItem")]
)
def test_two_throttled_calls_are_not_noticed(chain: Chain, service: str, action: str) -> None:
    with chain.fault(service, action, "throttle", count=2):
        chain.launch(TARGET)
    assert len(chain.records.inventory()) == 1
    assert chain.dead_letters("onboarding") == chain.dead_letters("anomaly-detector") == 0


def test_datapoints_that_could_not_be_read_are_judged_by_the_next_run(chain: Chain) -> None:
    fleet = chain.launch(TARGET)
    fleet.get_into_trouble()
    with chain.fault("monitoring", "GetMetricData", "error", count=1000):
        chain.run("anomaly-detector")
    assert chain.dead_letters("anomaly-detector") == 1
    assert chain.incidents(fleet.get(TARGET)) == []

    chain.run("anomaly-detector")

    assert len(chain.incidents(fleet.get(TARGET))) == 1


def test_logs_that_cannot_be_read_are_a_named_gap_and_not_the_end(chain: Chain) -> None:
    fleet = chain.launch(BYSTANDER)
    bystander = fleet.get(BYSTANDER)
    fleet.get_into_trouble()
    broken = {"count": 1000, "contains": bystander.log_group}
    with chain.fault("logs", "FilterLogEvents", "error", **broken), chain.fault("logs", "StartQuery", "error", **broken):
        chain.run("anomaly-detector")
    (incident,) = chain.incidents(bystander)
    assert bystander.log_group in str(incident["finding"]["gaps"])


def test_a_reboot_that_aws_refuses_is_recorded_and_told(chain: Chain) -> None:
    fleet = chain.launch(TARGET)
    target = fleet.get(TARGET)
    fleet.get_into_trouble()
    with chain.fault("ec2", "RebootInstances", "error", count=1000):
        chain.run("anomaly-detector")
    assert chain.reboots(target) == 0
    assert len(chain.facts("remediation.started", target)) == 1
    assert chain.posts("slack", target)
