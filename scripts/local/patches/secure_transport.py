"""A policy that demands encrypted connections can be met.

Gap: the emulator listens on plain HTTP alone, on the loopback, so that a bucket policy which denies unencrypted requests denies all.
AWS (IAM user guide, aws:SecureTransport): the key is true for requests over TLS, which is what the functions' clients speak there.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator

_resolve = iam_evaluator._resolve_condition_key


def _over_tls(key: str, context: iam_evaluator.EvalContext) -> Any:
    return "true" if key.lower() == "aws:securetransport" else _resolve(key, context)


def apply() -> None:
    iam_evaluator._resolve_condition_key = _over_tls
