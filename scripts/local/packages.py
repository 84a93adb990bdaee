"""The functions and the command line, built with the workspace's dev profile and zipped for the local AWS."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local.stack import ROOT

FUNCTIONS = (
    "onboarding",
    "anomaly-detector",
    "log-analyzer-rca",
    "alert-handler",
    "remediation-engine",
    "api",
    "model-trainer",
    "audit-anchor",
    "realtime",
    "security-monitor",
)
#: The functions run on this machine, so they are deployed as what it is.
ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


class BuildError(Exception):
    """Cargo or npm said no; the message is on standard error already."""


@dataclass(frozen=True)
class Built:
    """Where the build lies."""

    packages: Path
    nightjar: Path
    page: Path


def build(home: Path, *, beside_tests: bool = False) -> Built:
    """Builds the page and every binary, and zips the functions below `home`.

    `beside_tests` builds with the features that the unit tests were built with, so that cargo compiles aws-sdk-ec2 once for
    both and not twice.
    """
    command = ["cargo", "build", "--workspace", "--bins", "--locked", *(["--tests"] if beside_tests else [])]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise BuildError("cargo build failed")
    if subprocess.run([ROOT / "scripts/page.sh"], stdout=sys.stderr, check=False).returncode != 0:
        raise BuildError("the page cannot be built")
    binaries = _target_directory() / "debug"
    packages = home / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda name: _zip(binaries / name, packages / f"{name}.zip"), FUNCTIONS))
    return Built(packages, binaries / "nightjar", ROOT / "dashboard/dist")


def _zip(binary: Path, package: Path) -> None:
    command = [sys.executable, ROOT / "scripts/reproducible_zip.py", binary, package]
    subprocess.run(command, check=True, stdout=sys.stderr)


def _target_directory() -> Path:
    command = ["cargo", "metadata", "--format-version=1", "--no-deps", "--locked"]
    metadata = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return Path(json.loads(metadata)["target_directory"])
