"""One incident while trouble lasts: what joins it, what holds it open, and what ends it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from boto3.dynamodb.types import TypeSerializer

from conftest import Chain
from demo.fleet import BYSTANDER, PERIOD, Instance
from local.deployment import PREFIX
from local.stack import ACCOUNT, REGION


def alarm(instance: Instance, state: str, at: datetime) -> str:
    """What CloudWatch sends to SNS when an alarm changes its state."""
    return json.dumps(
        {
            "AlarmName": f"checks-of-{instance.id}",
            "AlarmDescription": None,
            "AWSAccountId": ACCOUNT,
            "AlarmArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:checks-of-{instance.id}",
            "NewStateValue": state,
            "OldStateValue": "OK" if state == "ALARM" else "ALARM",
            "NewStateReason": "Threshold Crossed: 1 out of the last 1 datapoints [1.0] was greater than the threshold (0.0).",
            "StateChangeTime": at.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
            "Region": "US East (N. Virginia)",
            "Trigger": {
                "MetricName": "StatusCheckFailed",
                "Namespace": "AWS/EC2",
                "StatisticType": "Statistic",
                "Statistic": "MAXIMUM",
                "Dimensions": [{"name": "InstanceId", "value": instance.id}],
                "Period": 60,
                "EvaluationPeriods": 1,
                "ComparisonOperator": "GreaterThanThreshold",
                "Threshold": 0.0,
            },
        }
    )


def calm_series(chain: Chain, instance: Instance) -> None:
    """What the detector notes once the series has been within its expected range for three datapoints."""
    now = datetime.now(UTC).replace(microsecond=0)
    serialize = TypeSerializer().serialize
    calm = {"periods": 3, "since": (now - 2 * PERIOD).isoformat(), "until": now.isoformat()}
    chain.deployment.stack.client("dynamodb").update_item(
        TableName=f"{PREFIX}-series",
        Key={"series": {"S": f"AWS/EC2|CPUUtilization|InstanceId={instance.id}|Average|300"}},
        UpdateExpression="SET calm = :calm",
        ExpressionAttributeValues={":calm": serialize(calm)},
    )


def test_an_alarm_joins_the_open_incident_and_the_incident_ends_when_all_is_calm(chain: Chain) -> None:
    fleet = chain.launch(BYSTANDER)
    bystander = fleet.get(BYSTANDER)
    fleet.get_into_trouble()
    chain.run("anomaly-detector")
    (incident,) = chain.incidents(bystander)
    assert incident["sources"][0]["found_by"] == "metric"

    now = datetime.now(UTC)
    with chain.copies(2):
        chain.publish("alarms", alarm(bystander, "ALARM", now - timedelta(minutes=9)))
        chain.settle()
    (incident,) = chain.incidents(bystander)
    assert [source["found_by"] for source in incident["sources"]] == ["metric", "alarm"]
    assert len(chain.facts("incident.joined", bystander)) == 1
    assert chain.dead_letters("log-analyzer-rca") == 0

    calm_series(chain, bystander)
    chain.run("log-analyzer-rca")
    (incident,) = chain.incidents(bystander)
    assert incident["status"] == "OPEN", "the alarm holds it"

    chain.publish("alarms", alarm(bystander, "OK", now - timedelta(minutes=6)))
    chain.settle()
    with chain.copies(2):
        chain.run("log-analyzer-rca")
    (incident,) = chain.incidents(bystander)
    assert incident["status"] == "RESOLVED"
    assert incident["timeline"][-1]["by"] == "log-analyzer-rca"
    assert len(chain.facts("incident.changed", bystander)) == 1
    assert chain.dead_letters("log-analyzer-rca") == 0


def test_an_alarm_that_cannot_be_read_lies_in_the_dead_letter_queue(chain: Chain) -> None:
    chain.publish("alarms", json.dumps({"AlarmName": "half an alarm"}))
    chain.settle()
    assert chain.dead_letters("log-analyzer-rca") == 1


def test_a_burst_of_failed_logins_opens_an_incident_although_no_metric_moved(chain: Chain) -> None:
    fleet = chain.launch(BYSTANDER)
    bystander = fleet.get(BYSTANDER)
    newest = datetime.fromtimestamp((datetime.now(UTC) - timedelta(minutes=1)).timestamp() // 300 * 300, UTC)
    logs = chain.deployment.stack.client("logs")
    logs.create_log_stream(logGroupName=bystander.log_group, logStreamName="auth")
    events = [
        {
            "timestamp": int((newest - timedelta(seconds=200 - 2 * n)).timestamp() * 1000),
            "message": f"sshd[{4000 + n}]: Failed password for invalid user admin from 203.0.113.9 port {40000 + n} ssh2",
        }
        for n in range(60)
    ]
    logs.put_log_events(logGroupName=bystander.log_group, logStreamName="auth", logEvents=events)
    # Another test may have had these five minutes counted already.
    watched = chain.deployment.stack.resource("dynamodb").Table(f"{PREFIX}-log-watch")
    for row in watched.scan()["Items"]:
        watched.delete_item(Key={key["AttributeName"]: row[key["AttributeName"]] for key in watched.key_schema})

    chain.run("log-analyzer-rca")

    (incident,) = chain.incidents(bystander)
    assert incident["anomaly"]["metric"]["name"] == "failed-logins"
    assert incident["sources"][0]["found_by"] == "logs"
    assert "brute_force" in str(incident["finding"]["causes"])
    assert len(chain.facts("anomaly.detected", bystander)) >= 1
