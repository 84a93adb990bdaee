"""A stand-in for AWS on loopback: reads which call a request is, answers it in the service's own protocol, counts it.

It knows the calls that the benchmark's events lead to. Any other is an error, which fails the function and so the
benchmark.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import cbor2

from . import recording
from .answers import Answers, Unexpected
from .http import Request
from .recording import Call
from .tables import ENVIRONMENT

CBOR_PATH = "/service/GraniteServiceVersion20100801/operation/"
#: boto3 speaks JSON to CloudWatch, the Rust SDK CBOR.
SERVICES = {
    "DynamoDB_20120810": "dynamodb",
    "Logs_20140328": "logs",
    "GraniteServiceVersion20100801": "cloudwatch",
    "TrentService": "kms",
    "ResourceGroupsTaggingAPI_20170126": "resourcegroupstaggingapi",
    "CloudTrail_20131101": "cloudtrail",
}
VERSIONS = {"2010-03-31": "sns", "2011-01-01": "autoscaling", "2016-11-15": "ec2"}


class FakeAws:
    """Give `handle` to a server."""

    def __init__(self) -> None:
        self.answers = Answers()
        self.calls: Counter[str] = Counter()
        #: The calls since it was last cleared, in their order.
        self.recorded: list[Call] = []

    def handle(self, request: Request) -> None:
        try:
            self._answer(request)
        except (Unexpected, KeyError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
            self.calls[f"refused {request.path} ({reason})"] += 1
            body = json.dumps({"__type": "ValidationException", "message": reason}).encode()
            request.reply(400, body, {"content-type": "application/json"})

    def _answer(self, request: Request) -> None:
        if request.path.startswith(CBOR_PATH):
            operation = request.path.removeprefix(CBOR_PATH)
            asked = cbor2.loads(request.body)
            answer = self._ask(recording.from_json("cloudwatch", operation, asked), asked)
            body = cbor2.dumps(answer, datetime_as_timestamp=True)
            request.reply(200, body, {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"})
        elif target := request.headers.get("x-amz-target"):
            prefix, _, operation = target.rpartition(".")
            prefix = prefix.rpartition(".")[2]
            asked = json.loads(request.body)
            answer = self._ask(recording.from_json(SERVICES[prefix], operation, asked), asked)
            body = json.dumps(answer, default=datetime.timestamp).encode()
            request.reply(200, body, {"content-type": request.headers["content-type"]})
        elif request.path.startswith(f"/{ENVIRONMENT['ANCHORS_BUCKET']}"):
            answer = self._ask(_s3(request), {"headers": request.headers})
            request.reply(200, answer.encode(), {"content-type": "application/xml", "etag": '"1"'})
        elif request.path == "/webhook":
            signed = {name: value for name, value in request.headers.items() if name.startswith(("webhook-", "content-type"))}
            call = Call("webhook", "post", {"headers": signed, "body": request.body.decode()})
            self._ask(call, json.loads(request.body) | {"headers": request.headers})
            request.reply(204)
        else:
            form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
            answer = self._ask(recording.from_form(VERSIONS[form["Version"]], form["Action"], form), form)
            request.reply(200, answer.encode(), {"content-type": "text/xml"})

    def _ask(self, call: Call, asked: dict[str, Any]) -> Any:
        self.calls[f"{call.service}:{call.operation}"] += 1
        self.recorded.append(call)
        return self.answers.to(call.service, call.operation, asked)


def _s3(request: Request) -> Call:
    """Buckets are in the path here: `/bucket/key?parameters`."""
    address = urlsplit(request.path)
    bucket, _, key = address.path.removeprefix("/").partition("/")
    if request.method == "PUT":
        body = {"$bytes": base64.b64encode(request.body).decode()}
        return Call("s3", "PutObject", {"Bucket": bucket, "Key": unquote(key), "Body": body, "IfNoneMatch": "*"})
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    return Call("s3", "ListObjectsV2", {"Bucket": bucket, "Prefix": query.get("prefix", "")})
