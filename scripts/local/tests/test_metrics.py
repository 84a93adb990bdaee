"""CloudWatch: order and retention of points, alarms, queue depth."""

from __future__ import annotations

import urllib.parse
import urllib.request
from datetime import datetime, timedelta, timezone
from typing import Any
from xml.etree import ElementTree

import pytest

from local.stack import Stack
from local.tests.conftest import until


def put(stack: Stack, name: str, value: float, when: datetime, **dimensions: str) -> None:
    stack.client("cloudwatch").put_metric_data(
        Namespace="Test",
        MetricData=[{
            "MetricName": name,
            "Timestamp": when,
            "Value": value,
            "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
        }],
    )  # fmt: skip


def read(stack: Stack, name: str, **options: Any) -> list[float]:
    now = datetime.now(timezone.utc)
    stat = {"Metric": {"Namespace": "Test", "MetricName": name}, "Period": 300, "Stat": "Average"}
    answer = stack.client("cloudwatch").get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": stat}], StartTime=now - timedelta(days=70), EndTime=now, **options
    )
    return answer["MetricDataResults"][0]["Values"]


def test_the_newest_point_comes_first_unless_asked_otherwise(stack: Stack) -> None:
    now = datetime.now(timezone.utc)
    for minutes, value in ((30, 1), (20, 2), (10, 3)):
        put(stack, "order", value, now - timedelta(minutes=minutes))
    assert read(stack, "order") == [3, 2, 1]
    assert read(stack, "order", ScanBy="TimestampAscending") == [1, 2, 3]


def test_points_are_kept_for_63_days(stack: Stack) -> None:
    now = datetime.now(timezone.utc)
    for days, value in ((64, 1), (62, 2)):
        put(stack, "retention", value, now - timedelta(days=days))
    assert read(stack, "retention") == [2]


def alarm(stack: Stack, name: str, **options: Any) -> None:
    stack.client("cloudwatch").put_metric_alarm(**{
        "AlarmName": name,
        "Namespace": "Test",
        "MetricName": name,
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
        "Dimensions": [{"Name": "Host", "Value": "a"}],
    } | options)  # fmt: skip


def state(stack: Stack, name: str) -> str:
    return stack.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]


def test_an_alarm_sees_its_own_dimensions_only(stack: Stack) -> None:
    alarm(stack, "dimensions")
    put(stack, "dimensions", 5, datetime.now(timezone.utc), Host="b")
    assert state(stack, "dimensions") == "INSUFFICIENT_DATA"
    put(stack, "dimensions", 5, datetime.now(timezone.utc), Host="a")
    assert state(stack, "dimensions") == "ALARM"


@pytest.mark.parametrize(
    ("treatment", "expected"),
    [("missing", "INSUFFICIENT_DATA"), ("notBreaching", "OK"), ("breaching", "ALARM"), ("ignore", "INSUFFICIENT_DATA")],
)
def test_missing_data_counts_as_the_alarm_says(stack: Stack, treatment: str, expected: str) -> None:
    alarm(stack, f"missing-{treatment}", TreatMissingData=treatment)
    assert state(stack, f"missing-{treatment}") == expected


def test_one_breach_is_not_enough_for_two_out_of_three(stack: Stack) -> None:
    alarm(stack, "two-of-three", EvaluationPeriods=3, DatapointsToAlarm=2)
    now = datetime.now(timezone.utc)
    put(stack, "two-of-three", 5, now, Host="a")
    assert state(stack, "two-of-three") != "ALARM"
    put(stack, "two-of-three", 5, now - timedelta(minutes=1), Host="a")
    assert state(stack, "two-of-three") == "ALARM"


def test_a_message_on_a_queue_raises_the_alarm_of_that_queue_and_of_no_other(stack: Stack, queue: tuple[str, str]) -> None:
    name = queue[1].rsplit(":", 1)[1]
    common = {"Namespace": "AWS/SQS", "MetricName": "ApproximateNumberOfMessagesVisible"}
    alarm(stack, "depth", **common, Dimensions=[{"Name": "QueueName", "Value": name}])
    alarm(stack, "depth-of-another", **common, Dimensions=[{"Name": "QueueName", "Value": "another"}])
    until(lambda: state(stack, "depth") == "OK")
    stack.client("sqs").send_message(QueueUrl=queue[0], MessageBody="a dead letter")
    until(lambda: state(stack, "depth") == "ALARM")
    assert state(stack, "depth-of-another") == "INSUFFICIENT_DATA"


def test_an_alarm_is_described_in_full_in_the_query_protocol(stack: Stack) -> None:
    alarm(stack, "in-full", AlarmDescription="a < b & c", AlarmActions=["arn:aws:sns:us-east-1:000000000000:ops"])
    form = urllib.parse.urlencode({"Action": "DescribeAlarms", "AlarmNames.member.1": "in-full", "Version": "2010-08-01"})
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/monitoring/aws4_request"}
    with urllib.request.urlopen(urllib.request.Request(stack.endpoint, form.encode(), signed)) as response:
        answer = ElementTree.fromstring(response.read())
    said = {element.tag.rsplit("}", 1)[-1]: element.text for element in answer.iter()}
    assert said["AlarmDescription"] == "a < b & c"
    assert (said["Period"], said["Statistic"], said["TreatMissingData"]) == ("60", "Maximum", "missing")
    assert (said["Name"], said["Value"], said["ActionsEnabled"]) == ("Host", "a", "true")
    assert datetime.fromisoformat(said["StateUpdatedTimestamp"] or "").year >= 2026
