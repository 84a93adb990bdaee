"""The canned answers, call by call. They stay the same, so that all invocations do the same work."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from . import examples
from .tables import ENVIRONMENT, to_attributes

AUDIT, GROUPS, INCIDENTS, INVENTORY, SERIES = (
    ENVIRONMENT[f"{name}_TABLE"] for name in ("AUDIT", "ALERT_GROUPS", "INCIDENTS", "INVENTORY", "SERIES")
)
INCIDENTS_LISTED = 5
EC2_NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


class Unexpected(Exception):
    """A call that the benchmark's events do not lead to."""


class Answers:
    """`series_state` is what the detector wrote after it learnt the series; it is unset until then."""

    def __init__(self) -> None:
        self.inventory_is_empty = False
        self._resource = to_attributes(examples.resource())
        self._incidents = [to_attributes(examples.incident(number)) for number in range(INCIDENTS_LISTED)]
        self.series_state: dict[str, Any] | None = None
        #: Alert groups as the handlers wrote them, by group and item. What was told is never remembered.
        self._groups: dict[tuple[str, str], dict[str, Any]] = {}

    def to(self, service: str, operation: str, asked: dict[str, Any]) -> Any:
        answer: Callable[[dict[str, Any]], Any] | None = getattr(self, f"_{service}_{operation}", None)
        if answer is None:
            raise Unexpected(f"{service} {operation}")
        return answer(asked)

    def _dynamodb_Scan(self, asked: dict[str, Any]) -> dict[str, Any]:
        """No silence holds, and the routes are those that ship."""
        items = [self._resource] if asked["TableName"] == INVENTORY and not self.inventory_is_empty else []
        return {"Items": items, "Count": len(items), "ScannedCount": len(items)}

    def _dynamodb_GetItem(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Only the inventory and an alert's group have what is asked for: no incident, claim or cooldown is known yet."""
        if asked["TableName"] == GROUPS:
            known = self._groups.get(_place(asked))
            return {"Item": known} if known else {}
        return {"Item": self._resource} if asked["TableName"] == INVENTORY else {}

    def _dynamodb_BatchGetItem(self, asked: dict[str, Any]) -> dict[str, Any]:
        items = [self.series_state] if self.series_state else []
        return {"Responses": {SERIES: items}, "UnprocessedKeys": {}}

    def _dynamodb_Query(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The audit trail has one entry, and no model is trained; the incidents are those of this month."""
        items: list[dict[str, Any]] = []
        values = asked["ExpressionAttributeValues"]
        if asked["TableName"] == AUDIT and values[":chain"]["S"] == examples.audit_entry()["chain"]:
            items = [to_attributes({"chain": values[":chain"]["S"], "seq": 1, "entry": json.dumps(examples.audit_entry())})]
        if asked["TableName"] == GROUPS:
            group = values[":group"]["S"]
            places = [place for place in self._groups if place[0] == group and place[1].startswith("alert#")]
            items = [{"item": {"S": place[1]}} | self._groups[place] for place in places]
        if asked["TableName"] == INCIDENTS:
            partition = values[":partition"]["S"]
            if partition == datetime.now(UTC).strftime("%Y-%m"):
                items = self._incidents
        return {"Items": items, "Count": len(items), "ScannedCount": len(items)}

    def _dynamodb_PutItem(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["TableName"] == SERIES and self.series_state is None:
            self.series_state = asked["Item"]
        return {}

    def _dynamodb_UpdateItem(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["TableName"] != GROUPS:
            return {}
        known = self._groups.setdefault(_place(asked), {})
        values = asked["ExpressionAttributeValues"]
        kept = {"group_json": ":group", "member": ":member", "envelope": ":envelope", "open": ":incident"}
        known |= {name: values[value] for name, value in kept.items() if value in values}
        return {"Attributes": known | {"token": {"N": "1"}, "arrivals": {"N": "1"}}}

    def _dynamodb_TransactWriteItems(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _cloudwatch_ListMetrics(self, asked: dict[str, Any]) -> dict[str, Any]:
        dimensions = [{"Name": "InstanceId", "Value": examples.INSTANCE}]
        return {
            "Metrics": [{"Namespace": asked["Namespace"], "MetricName": asked["MetricName"], "Dimensions": dimensions}]
        }

    def _cloudwatch_GetMetricData(self, asked: dict[str, Any]) -> dict[str, Any]:
        """To a new series its history but for the newest quarter of an hour; later on the one point after that."""
        start, end = (_second(asked[name]) for name in ("StartTime", "EndTime"))
        known = self.series_state is not None
        times = range(start, start + examples.PERIOD if known else end - 3 * examples.PERIOD, examples.PERIOD)
        results = [
            {
                "Id": query["Id"],
                "Label": "CPUUtilization",
                "Timestamps": [datetime.fromtimestamp(at, UTC) for at in times],
                "Values": [examples.cpu(at) for at in times],
                "StatusCode": "Complete",
            }
            for query in asked["MetricDataQueries"]
        ]
        return {"MetricDataResults": results, "Messages": []}

    def _resourcegroupstaggingapi_GetResources(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Nothing but the instance, which EC2 tells more of, has the tag."""
        return {"ResourceTagMappingList": [], "PaginationToken": ""}

    def _autoscaling_DescribeAutoScalingGroups(self, asked: dict[str, Any]) -> str:
        found = "<DescribeAutoScalingGroupsResult><AutoScalingGroups/></DescribeAutoScalingGroupsResult>"
        metadata = "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
        namespace = "http://autoscaling.amazonaws.com/doc/2011-01-01/"
        return f'<DescribeAutoScalingGroupsResponse xmlns="{namespace}">{found}{metadata}</DescribeAutoScalingGroupsResponse>'

    def _cloudwatch_DescribeAlarms(self, asked: dict[str, Any]) -> dict[str, Any]:
        """None is made yet, and the function makes none unless it is told to."""
        return {"MetricAlarms": [], "CompositeAlarms": []}

    def _logs_DescribeLogGroups(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"logGroups": [{"logGroupName": asked["logGroupNamePrefix"], "storedBytes": 0}]}

    def _logs_StartQuery(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The window of the anomaly has errors; what lies an hour or a day before it has none."""
        recent = datetime.now(UTC).timestamp() - asked["startTime"] < 40 * 60
        return {"queryId": f"00000000-0000-4000-8000-00000000000{1 if recent else 2}"}

    def _logs_GetQueryResults(self, asked: dict[str, Any]) -> dict[str, Any]:
        at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.000")
        erring = asked["queryId"].endswith("1")
        message = "Out of memory: Killed process {} (java)" if erring else "INFO request {} served"
        rows = [
            [
                {"field": "@timestamp", "value": at},
                {"field": "@message", "value": message.format(4242 + number)},
                {"field": "@logStream", "value": examples.INSTANCE},
                {"field": "@log", "value": f"{examples.ACCOUNT}:{examples.LOG_GROUP}"},
            ]
            for number in range(examples.LOG_LINES)
        ]
        statistics = {"bytesScanned": 1_048_576.0, "recordsMatched": 12.0, "recordsScanned": 9000.0}
        return {"results": rows, "statistics": statistics, "status": "Complete"}

    def _cloudtrail_LookupEvents(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Nobody changed anything."""
        return {"Events": []}

    def _sns_Publish(self, asked: dict[str, Any]) -> str:
        result = "<PublishResult><MessageId>00000000-0000-4000-8000-000000000002</MessageId></PublishResult>"
        metadata = "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
        return f'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">{result}{metadata}</PublishResponse>'

    def _ec2_DescribeInstances(self, asked: dict[str, Any]) -> str:
        tags = "".join(f"<item><key>{key}</key><value>{value}</value></item>" for key, value in examples.TAGS.items())
        instance = (
            f"<instanceId>{examples.INSTANCE}</instanceId><imageId>ami-0123456789abcdef0</imageId>"
            "<instanceState><code>16</code><name>running</name></instanceState><instanceType>t3.micro</instanceType>"
            f"<launchTime>2026-10-01T08:00:00.000Z</launchTime><tagSet>{tags}</tagSet>"
        )
        reservation = (
            f"<reservationId>r-1</reservationId><ownerId>{examples.ACCOUNT}</ownerId>"
            f"<instancesSet><item>{instance}</item></instancesSet>"
        )
        return _ec2("DescribeInstances", f"<reservationSet><item>{reservation}</item></reservationSet>")

    def _ec2_DescribeInstanceStatus(self, asked: dict[str, Any]) -> str:
        status = "<status>ok</status>"
        item = (
            f"<instanceId>{examples.INSTANCE}</instanceId><instanceState><code>16</code><name>running</name></instanceState>"
            f"<systemStatus>{status}</systemStatus><instanceStatus>{status}</instanceStatus>"
        )
        return _ec2("DescribeInstanceStatus", f"<instanceStatusSet><item>{item}</item></instanceStatusSet>")

    def _ec2_RebootInstances(self, asked: dict[str, Any]) -> str:
        return _ec2("RebootInstances", "<return>true</return>")

    def _kms_Sign(self, asked: dict[str, Any]) -> dict[str, Any]:
        signature = base64.b64encode(bytes(70)).decode()
        return {"KeyId": asked["KeyId"], "Signature": signature, "SigningAlgorithm": "ECDSA_SHA_256"}

    def _s3_ListObjectsV2(self, asked: dict[str, Any]) -> str:
        """The bucket is new."""
        bucket = f"<Name>{ENVIRONMENT['ANCHORS_BUCKET']}</Name><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated>"
        return f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{bucket}</ListBucketResult>'

    def _s3_PutObject(self, asked: dict[str, Any]) -> str:
        if asked["headers"].get("if-none-match") != "*":
            raise Unexpected("an anchor that could replace another")
        return ""

    def _webhook_post(self, asked: dict[str, Any]) -> None:
        if not asked["headers"]["webhook-signature"].startswith("v1,"):
            raise Unexpected("a webhook without a signature")


def _place(asked: dict[str, Any]) -> tuple[str, str]:
    return asked["Key"]["group"]["S"], asked["Key"]["item"]["S"]


def _second(instant: datetime | float) -> int:
    """CBOR has a type for instants, JSON has not."""
    return int(instant.timestamp() if isinstance(instant, datetime) else instant)


def _ec2(operation: str, body: str) -> str:
    return f'<{operation}Response xmlns="{EC2_NAMESPACE}"><requestId>1</requestId>{body}</{operation}Response>'
