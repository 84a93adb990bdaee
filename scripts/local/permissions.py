"""Whether a function's resource policy lets an AWS service invoke it."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any


def allow(func: dict[str, Any], service: str, source_arn: str) -> bool:
    return any(_allows(s, service, source_arn) for s in func.get("policy", {}).get("Statement", []))


def _allows(statement: dict[str, Any], service: str, source_arn: str) -> bool:
    if statement.get("Effect") != "Allow" or statement.get("Principal", {}).get("Service") != service:
        return False
    patterns = [
        pattern
        for condition in statement.get("Condition", {}).values()
        for key, pattern in condition.items()
        if key.lower() == "aws:sourcearn"
    ]
    return all(fnmatchcase(source_arn, pattern) for pattern in patterns)
