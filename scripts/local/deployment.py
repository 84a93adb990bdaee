"""The suite on a local AWS: what the demo shows and the chain tests test."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from local import sign_in
from local.packages import ARCHITECTURE, Built
from local.sign_in import Person
from local.stack import Stack
from local.terraform import Terraform, outputs

#: The production default; tags and names begin with it.
PREFIX = "aiops"
ALERT_EMAIL = "oncall@example.com"


@dataclass(frozen=True)
class Deployment:
    """A running stack with the suite on it."""

    stack: Stack
    built: Built
    api_host: str
    #: Address of the WebSocket API.
    live: str
    #: Who may sign in: the first administrator.
    admin: Person

    @property
    def api(self) -> str:
        """Where the HTTP API answers; requests need the header `Host: <api_host>`."""
        return self.stack.endpoint

    @property
    def page(self) -> str:
        """The same for a browser, which finds names below .localhost by itself."""
        return f"http://{self.api_host}/"

    @cached_property
    def token(self) -> str:
        """An access token of the first administrator; it lives for an hour."""
        return self.admin.token(self.stack)


def deploy(stack: Stack, built: Built, **variables: str) -> Deployment:
    """Applies the production Terraform, with the settings of a team that lets its instances be rebooted, and with `variables`."""
    Terraform(
        stack,
        {
            "alert_email": ALERT_EMAIL,
            "architecture": ARCHITECTURE,
            "packages_dir": str(built.packages),
            "page_dir": str(built.page),
            "remediation_mode": "auto",
            "remediation_documents": ["restart-service"],
            # The fleet is minutes old, whatever its metrics tell.
            "min_instance_age_minutes": "0",
            # A minute of Lambda's retries takes seconds here (`retry_seconds`); the lease keeps the proportion.
            "publish_lease_seconds": "2",
            # A local AWS is a try-out: it must be possible to destroy it.
            "anchor_lock_mode": "GOVERNANCE",
            "anchor_lock_days": 1,
            "slack_webhook_url": stack.receives("slack"),
            "webhook_url": stack.receives("webhook"),
            "webhook_secret": stack.webhook_secret,
            "security_noise_file": str(Path(__file__).with_name("security_noise.json")),
            **variables,
        },
    ).apply()
    told = outputs(stack.home)
    admin = sign_in.first_admin(stack, told["sign_in"])
    return Deployment(stack, built, told["api_endpoint"].split("//")[1], told["live_endpoint"], admin)
