"""Faults a test asks for: the next calls of one action are throttled, fail, or cost the calling function its life."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import asdict, dataclass
from typing import Any

import cbor2
import ministack.app as gateway
from ministack.core import lambda_runtime
from ministack.core.responses import new_uuid
from ministack.core.router import detect_service

Response = tuple[int, dict[str, str], bytes]

#: How each service says "slow down"; the others say ThrottlingException with 400.
THROTTLES = {"ec2": (503, "RequestLimitExceeded"), "sns": (400, "Throttled"), "monitoring": (400, "Throttling")}


@dataclass
class Fault:
    """The next `count` calls of `action` whose body holds `contains` have `effect`: throttle, error or kill `function`."""

    service: str
    action: str
    effect: str
    count: int = 1
    contains: str = ""
    function: str = ""


_faults: list[Fault] = []
_dispatch = gateway._dispatch_service_request


def add(request: dict[str, Any]) -> None:
    fault = Fault(**request)
    if fault.effect not in ("throttle", "error", "kill") or (fault.effect == "kill") != bool(fault.function):
        raise ValueError("effect is throttle, error, or kill with the name of a function")
    _faults.append(fault)


def clear() -> None:
    _faults.clear()


def pending() -> list[dict[str, Any]]:
    return [asdict(fault) for fault in _faults]


async def _dispatch_or_fail(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], request_id: str
) -> Response:
    params = gateway._routing_params(method, path, headers, body, query)
    service = detect_service(method, path, headers, params)
    action = gateway._ct_event_name(service, method, path, headers, params)
    fault = next((f for f in _faults if (f.service, f.action) == (service, action) and f.contains.encode() in body), None)
    if fault is None:
        return await _dispatch(method, path, headers, body, query, request_id)
    fault.count -= 1
    if fault.count <= 0:
        _faults.remove(fault)
    if fault.effect == "kill":
        _kill(fault.function)
    if fault.effect == "throttle":
        status, code = THROTTLES.get(service, (400, "ThrottlingException"))
        return _refusal(status, code, headers)
    return _refusal(500, "InternalFailure", headers)


def _kill(function: str) -> None:
    """Ends every process of a function as an out-of-memory kill would: no signal handler, no answer."""
    with lambda_runtime._lock:
        workers = [w for key, pool in lambda_runtime._workers.items() if key.split(":")[2] == function for w in pool]
    for process in (w._proc for w in workers if w._proc is not None):
        os.kill(process.pid, signal.SIGKILL)


def _refusal(status: int, code: str, headers: dict[str, str]) -> Response:
    """An error in the protocol of the request."""
    message = "asked for by a test"
    if "cbor" in headers.get("smithy-protocol", ""):
        body = cbor2.dumps({"__type": code, "message": message})
        return status, {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}, body
    if "form" in headers.get("content-type", ""):
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        # EC2 wraps an error differently from the other query services.
        if "/ec2/" in headers.get("authorization", ""):
            xml = f"<Response><Errors>{error}</Errors><RequestID>{new_uuid()}</RequestID></Response>"
        else:
            xml = f"<ErrorResponse>{error}<RequestId>{new_uuid()}</RequestId></ErrorResponse>"
        return status, {"Content-Type": "text/xml"}, xml.encode()
    body = json.dumps({"__type": code, "message": message}).encode()
    return status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": code}, body


def apply() -> None:
    gateway._dispatch_service_request = _dispatch_or_fail
