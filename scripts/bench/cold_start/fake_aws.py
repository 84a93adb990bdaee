"""A stand-in for AWS on loopback: reads which call a request is, answers it in the service's own protocol, counts it.

It knows the calls that the benchmark's events lead to. Any other is an error, which fails the function and so the
benchmark.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import cbor2

from .answers import Answers, Unexpected
from .http import Request
from .tables import ENVIRONMENT

CBOR_PATH = "/service/GraniteServiceVersion20100801/operation/"
#: boto3 speaks JSON to CloudWatch, the Rust SDK CBOR.
SERVICES = {
    "DynamoDB_20120810": "dynamodb",
    "Logs_20140328": "logs",
    "GraniteServiceVersion20100801": "cloudwatch",
    "TrentService": "kms",
}
VERSIONS = {"2010-03-31": "sns", "2016-11-15": "ec2"}


class FakeAws:
    """Give `handle` to a server."""

    def __init__(self) -> None:
        self.answers = Answers()
        self.calls: Counter[str] = Counter()

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
            answer = self._ask("cloudwatch", operation, cbor2.loads(request.body))
            body = cbor2.dumps(answer, datetime_as_timestamp=True)
            request.reply(200, body, {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"})
        elif target := request.headers.get("x-amz-target"):
            prefix, _, operation = target.partition(".")
            answer = self._ask(SERVICES[prefix], operation, json.loads(request.body))
            body = json.dumps(answer, default=datetime.timestamp).encode()
            request.reply(200, body, {"content-type": request.headers["content-type"]})
        elif request.path.startswith(f"/{ENVIRONMENT['ANCHORS_BUCKET']}"):
            operation = {"GET": "ListObjectsV2", "PUT": "PutObject"}[request.method]
            answer = self._ask("s3", operation, {"headers": request.headers})
            request.reply(200, answer.encode(), {"content-type": "application/xml", "etag": '"1"'})
        elif request.path == "/webhook":
            self._ask("webhook", "post", json.loads(request.body) | {"headers": request.headers})
            request.reply(204)
        else:
            form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
            answer = self._ask(VERSIONS[form["Version"]], form["Action"], form)
            request.reply(200, answer.encode(), {"content-type": "text/xml"})

    def _ask(self, service: str, operation: str, asked: dict[str, Any]) -> Any:
        self.calls[f"{service}:{operation}"] += 1
        return self.answers.to(service, operation, asked)
