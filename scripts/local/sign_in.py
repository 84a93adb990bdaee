"""Somebody who can sign in to the suite on a local AWS, which sends no mails with temporary passwords."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from local.stack import Stack


@dataclass(frozen=True)
class Person:
    """A user of the pool, with a password of this run alone."""

    name: str
    password: str
    client_id: str

    def token(self, stack: Stack) -> str:
        """An access token, by the same call that the page makes."""
        answer = stack.client("cognito-idp").initiate_auth(
            AuthFlow="USER_PASSWORD_AUTH",
            ClientId=self.client_id,
            AuthParameters={"USERNAME": self.name, "PASSWORD": self.password},
        )
        return answer["AuthenticationResult"]["AccessToken"]


def first_admin(stack: Stack, sign_in: dict[str, Any]) -> Person:
    """The administrator whom Terraform made, with a password instead of the temporary one that AWS would mail."""
    return _with_password(stack, sign_in, sign_in["first_admin"])


def another(stack: Stack, sign_in: dict[str, Any], name: str, group: str) -> Person:
    """Somebody new in a group."""
    client = stack.client("cognito-idp")
    pool = sign_in["user_pool_id"]
    client.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
    client.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)
    return _with_password(stack, sign_in, name)


def _with_password(stack: Stack, sign_in: dict[str, Any], name: str) -> Person:
    password = f"Aa1-{secrets.token_urlsafe(18)}"
    pool = sign_in["user_pool_id"]
    stack.client("cognito-idp").admin_set_user_password(UserPoolId=pool, Username=name, Password=password, Permanent=True)
    return Person(name, password, sign_in["client_id"])
