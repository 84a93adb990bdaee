"""A Python function that makes the same calls of AWS as the Rust function did, in the same order, and gives the same answer.

It knows nothing of the function's work: what a Python twin would compute comes on top. So it is the least that Python needs.
"""

import base64
import http.client
import json
import os
import pickle
import re
from typing import Any

import boto3

Json = dict[str, Any]

with open(os.environ["RECORDING"], encoding="utf-8") as file:
    recording: Json = json.load(file)
session = boto3.session.Session()
clients = {service: session.client(service) for service in sorted({call["service"] for call in recording["calls"]} - {"webhook"})}
forest = None
if os.environ["FOREST"]:
    import numpy

    with open(os.environ["FOREST"], "rb") as pickled:
        forest = pickle.load(pickled)


def handle(event: Json) -> Json:
    """Calls, and scores one row where the Rust function scores a datapoint."""
    for call in recording["calls"]:
        if call["service"] == "webhook":
            post(call["parameters"])
        else:
            getattr(clients[call["service"]], snake(call["operation"]))(**revived(call["parameters"]))
    if forest is not None:
        forest.score_samples(numpy.array([[30.0, 0.5, 0.5]]))
    answer: Json = recording["answer"]
    print(json.dumps({"level": "INFO", "message": "done", "calls": len(recording["calls"])}))
    return answer


def snake(operation: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z0-9])", "_", operation).lower()


def revived(value: Any) -> Any:
    """JSON has no bytes: they are written as `{"$bytes": text in base64}`."""
    match value:
        case {"$bytes": str(text)}:
            return base64.b64decode(text)
        case dict():
            return {name: revived(member) for name, member in value.items()}
        case list():
            return [revived(member) for member in value]
        case _:
            return value


def post(parameters: Json) -> None:
    address = os.environ["WEBHOOK_URL"].removeprefix("http://")
    host, _, path = address.partition("/")
    connection = http.client.HTTPConnection(host, timeout=10)
    connection.request("POST", f"/{path}", parameters["body"], parameters["headers"])
    status = connection.getresponse().status
    if status >= 300:
        raise RuntimeError(f"the webhook answered {status}")
