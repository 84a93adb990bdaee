"""The production Terraform, applied to a local AWS.

It runs on a copy below the stack's home, so that the override with the local endpoints never lies in the repository, where
the next real apply would find it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.stack import REGION, ROOT, Stack

#: Resources the emulator creates at once; what takes time is the provider's own waiting.
PARALLELISM = "-parallelism=30"
SERVICES = (
    "apigatewayv2 cloudtrail cloudwatch cognitoidp dynamodb ec2 events iam kms lambda logs s3 scheduler secretsmanager sns sqs ssm sts".split()
)


class TerraformError(Exception):
    """Terraform said no; the message is its own."""


@dataclass(frozen=True)
class Terraform:
    """One deployment on one stack."""

    stack: Stack
    variables: dict[str, Any]

    def apply(self) -> None:
        folder = _copy(self.stack.home / "terraform")
        (folder / "local_override.tf.json").write_text(json.dumps(_override(self.stack), indent=2))
        (folder / "terraform.tfvars.json").write_text(json.dumps(self.variables, indent=2))
        _init(folder)
        _run(folder, "apply", "-no-color", "-auto-approve", PARALLELISM)


def apply_module(stack: Stack, name: str, account: str, variables: dict[str, Any]) -> None:
    """Applies one of the production modules on its own, as another account's administrator would."""
    folder = stack.home / f"terraform-{name}-{account}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "infrastructure/modules" / name, folder)
    override = _override(stack)
    override["provider"]["aws"] |= {"access_key": account, "region": REGION}
    (folder / "local_override.tf.json").write_text(json.dumps(override, indent=2))
    (folder / "terraform.tfvars.json").write_text(json.dumps(variables, indent=2))
    _init(folder)
    _run(folder, "apply", "-no-color", "-auto-approve", PARALLELISM)


def plan(home: Path) -> bool:
    """Whether the deployment below `home` would be changed by another apply."""
    done = _run(_folder(home), "plan", "-no-color", "-detailed-exitcode", PARALLELISM, accept=(0, 2))
    if done.returncode == 2:
        print(done.stdout, file=sys.stderr)
    return done.returncode == 2


def destroy(home: Path) -> list[str]:
    """Destroys the deployment below `home`; returns what the state still holds."""
    _run(_folder(home), "destroy", "-no-color", "-auto-approve", PARALLELISM)
    return _run(_folder(home), "state", "list").stdout.split()


def outputs(home: Path) -> dict[str, Any]:
    answer = json.loads(_run(_folder(home), "output", "-json").stdout)
    return {name: output["value"] for name, output in answer.items()}


def check(home: Path) -> None:
    """Formatting, validity and the tests with the mocked provider."""
    _run(ROOT / "infrastructure", "fmt", "-check", "-recursive", "-diff", show=True)
    folder = _copy(home / "terraform-check")
    _init(folder, "-backend=false")
    _run(folder, "validate", "-no-color", show=True)
    _run(folder, "test", "-no-color", show=True)


def _folder(home: Path) -> Path:
    return home / "terraform" / "infrastructure"


def _copy(parent: Path) -> Path:
    """A fresh copy of infrastructure/ beside a link to config/, which its templates come from."""
    shutil.rmtree(parent, ignore_errors=True)
    ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars", "*_override.tf")
    folder = Path(shutil.copytree(ROOT / "infrastructure", parent / "infrastructure", ignore=ignored))
    (parent / "config").symlink_to(ROOT / "config")
    return folder


def _override(stack: Stack) -> dict[str, Any]:
    """What makes the production provider talk to the emulator."""
    return {
        "provider": {
            "aws": {
                "access_key": "test",
                "secret_key": "test",
                "skip_credentials_validation": True,
                "skip_metadata_api_check": True,
                "s3_use_path_style": True,
                "endpoints": [{service: stack.endpoint for service in SERVICES}],
            }
        }
    }


def _init(folder: Path, *options: str) -> None:
    mirror = _provider_mirror()
    if mirror is not None:
        options = (*options, f"-plugin-dir={mirror}")
    _run(folder, "init", "-no-color", *options)


def _provider_mirror() -> Path | None:
    """A folder on this machine that holds the AWS provider; None means that Terraform downloads it."""
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    named = os.environ.get("TF_PLUGIN_DIR")
    candidates = [
        *([Path(named)] if named else []),
        Path.home() / ".terraform.d/plugins",
        data / "terraform/plugins",
        Path("/usr/local/share/terraform/plugins"),
        Path("/usr/share/terraform/plugins"),
        *sorted(Path("/opt").glob("*")),
    ]
    return next((c for c in candidates if (c / "registry.terraform.io/hashicorp/aws").is_dir()), None)


def _run(
    folder: Path, command: str, *options: str, accept: tuple[int, ...] = (0,), show: bool = False
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["terraform", f"-chdir={folder}", command, *options],
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if show:
        print(done.stdout, end="")
    if done.returncode not in accept:
        raise TerraformError(f"terraform {command} failed:\n{done.stdout[-4000:]}\n{done.stderr[-8000:]}")
    return done


def _environment() -> dict[str, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    if not Path(environment.get("TF_CLI_CONFIG_FILE", "")).is_file():
        environment.pop("TF_CLI_CONFIG_FILE", None)
    return environment | {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}


if __name__ == "__main__":
    try:
        check(ROOT / ".local")
    except TerraformError as error:
        sys.exit(str(error))
