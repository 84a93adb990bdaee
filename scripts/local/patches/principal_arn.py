"""A trust policy can name the roles whose sessions it trusts.

Gap: in a condition, `aws:PrincipalArn` of an assumed role's session is the ARN of the session.
AWS (IAM user guide, global condition keys): it is the ARN of the role that was assumed, without its session.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator


def _of_role(arn: str) -> str:
    """`arn:aws:sts::1:assumed-role/NAME/SESSION` is a session of `arn:aws:iam::1:role/NAME`; other ARNs are what they are."""
    scheme, assumed, rest = arn.partition(":assumed-role/")
    if not assumed:
        return arn
    return f"{scheme.replace(':sts:', ':iam:')}:role/{rest.rsplit('/', 1)[0]}"


def apply() -> None:
    resolve = iam_evaluator._resolve_condition_key

    def by_role(key: str, context: iam_evaluator.EvalContext) -> Any:
        value = resolve(key, context)
        return _of_role(value) if key.lower() == "aws:principalarn" else value

    iam_evaluator._resolve_condition_key = by_role
