"""The suite on a local AWS: what the demo shows and the chain tests test."""

from __future__ import annotations

from dataclasses import dataclass

from local.packages import ARCHITECTURE, Built
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

    @property
    def api(self) -> str:
        """Where the HTTP API answers; requests need the header `Host: <api_host>`."""
        return self.stack.endpoint


def deploy(stack: Stack, built: Built, **variables: str) -> Deployment:
    """Applies the production Terraform, with the settings of a team that lets its instances be rebooted, and with `variables`."""
    Terraform(
        stack,
        {
            "alert_email": ALERT_EMAIL,
            "architecture": ARCHITECTURE,
            "packages_dir": str(built.packages),
            "remediation_mode": "auto",
            "remediation_documents": ["restart-service"],
            # The fleet is minutes old, whatever its metrics tell.
            "min_instance_age_minutes": "0",
            # A minute of Lambda's retries takes seconds here (`retry_seconds`); the lease keeps the proportion.
            "publish_lease_seconds": "2",
            # The emulator checks no signatures: with AWS_IAM the routes would only pretend to be closed.
            "api_authorization": "NONE",
            # A local AWS is a try-out: it must be possible to destroy it.
            "anchor_lock_mode": "GOVERNANCE",
            "anchor_lock_days": 1,
            "slack_webhook_url": stack.receives("slack"),
            "webhook_url": stack.receives("webhook"),
            "webhook_secret": stack.webhook_secret,
            **variables,
        },
    ).apply()
    return Deployment(stack, built, outputs(stack.home)["api_endpoint"].split("//")[1])
