"""What a function asked of AWS, in boto3's words, so that a peer in Python can ask the same."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: Parameters of the query protocol that are no part of the call.
_ENVELOPE = ("Action", "Version")
#: Where the query protocol's names of lists are not boto3's.
_PLURALS = {"Filter": "Filters", "InstanceId": "InstanceIds"}
#: DynamoDB writes bytes as text; the calls that hold some, and where.
_BLOBS = {("kms", "Sign"): ("Message",)}


@dataclass(frozen=True)
class Call:
    """One call: `parameters` are what boto3's method takes, in JSON; bytes are `{"$bytes": base64}`."""

    service: str
    operation: str
    parameters: dict[str, Any]


def from_json(service: str, operation: str, asked: dict[str, Any]) -> Call:
    """Of a call whose parameters travel as JSON or CBOR."""
    parameters = _plain(asked)
    for name in _BLOBS.get((service, operation), ()):
        parameters[name] = {"$bytes": parameters[name]}
    if service == "dynamodb":
        parameters = _with_bytes(parameters)
    return Call(service, operation, parameters)


def from_form(service: str, operation: str, form: dict[str, str]) -> Call:
    """Of a call of the query protocol: `Filter.1.Value.2=x`, `MessageAttributes.entry.1.Name=x`."""
    nested: dict[str, Any] = {}
    for name, value in form.items():
        if name in _ENVELOPE:
            continue
        at = nested
        *path, last = name.split(".")
        for part in path:
            at = at.setdefault(part, {})
        at[last] = value
    return Call(service, operation, {_PLURALS.get(name, name): _scalar(_lists(value)) for name, value in nested.items()})


def _lists(value: Any) -> Any:
    match value:
        case {"entry": dict(entries)}:
            return {entry["Name"]: entry["Value"] for entry in entries.values()}
        case {"member": dict(members)}:
            return [_lists(member) for member in members.values()]
        case dict() if all(key.isdigit() for key in value):
            return [_lists(member) for member in value.values()]
        case dict():
            return {("Values" if name == "Value" and isinstance(member, dict) else name): _lists(member) for name, member in value.items()}
        case _:
            return value


def _scalar(value: Any) -> Any:
    """Forms know only text; boto3 wants numbers and truth values where the API has them."""
    match value:
        case "true" | "false":
            return value == "true"
        case str() if re.fullmatch(r"[0-9]{1,9}", value):
            return int(value)
        case _:
            return value


def _with_bytes(value: Any) -> Any:
    match value:
        case {"B": str(text)} if len(value) == 1:
            return {"B": {"$bytes": text}}
        case dict():
            return {name: _with_bytes(member) for name, member in value.items()}
        case list():
            return [_with_bytes(member) for member in value]
        case _:
            return value


def _plain(value: Any) -> Any:
    """Without what JSON cannot write."""
    match value:
        case datetime():
            return value.timestamp()
        case bytes():
            return {"$bytes": base64.b64encode(value).decode()}
        case dict():
            return {name: _plain(member) for name, member in value.items()}
        case list():
            return [_plain(member) for member in value]
        case _:
            return value
