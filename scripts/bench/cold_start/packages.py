"""The packages: Nightjar's zips, and what the Python functions would weigh."""

from __future__ import annotations

import io
import os
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
BOTO3 = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
SCIKIT_LEARN = ("cloudpickle", "joblib", "narwhals", "numpy", "scikit-learn", "scipy", "threadpoolctl")


class NoPackage(Exception):
    """A zip is not there."""


def architecture() -> str:
    """This machine's, in Lambda's words."""
    return "arm64" if os.uname().machine in ("aarch64", "arm64") else "x86_64"


def unpack(package: Path, into: Path) -> Path:
    """The binary that Lambda would start."""
    if not package.is_file():
        raise NoPackage(f"{package} is not there: run scripts/package.sh --arch {architecture()}")
    into.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(package) as archive:
        archive.extract("bootstrap", into)
    binary = into / "bootstrap"
    binary.chmod(0o755)
    return binary


def peer_bytes(recording: Path, forest: Path | None) -> int:
    """The zip of a Python function with its pinned dependencies.

    boto3 is bundled, as AWS advises: the one in the managed runtime changes under the function.
    """
    names = BOTO3 + (SCIKIT_LEARN if forest else ())
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("bootstrap", "replay"):
            archive.write(PEERS / f"{name}.py", f"{name}.py")
        archive.write(recording, "recording.json")
        if forest:
            archive.write(forest, "forest.pickle")
        for path, inside in _files(names):
            archive.write(path, inside)
    return written.getbuffer().nbytes


def _files(names: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """Every file of the distributions but tests and compiled Python, which nobody ships."""
    for name in names:
        for file in distribution(name).files or ():
            path = Path(str(file.locate()))
            if path.is_file() and not {"tests", "__pycache__", ".."} & set(file.parts):
                yield path, str(file)


def peer_command() -> tuple[str, ...]:
    return (sys.executable, str(PEERS / "bootstrap.py"))
