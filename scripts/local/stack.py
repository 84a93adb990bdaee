"""One local AWS: starts it, finds it again, drives it and stops it."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local import settings

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "000000000000"
REGION = "us-east-1"
DEFAULT_PORT = 4566
START_SECONDS = 60


class StackError(Exception):
    """The local AWS does not start, or is not there."""


@dataclass(frozen=True)
class Stack:
    """A running emulator; everything it writes is below `home`."""

    home: Path
    port: int
    pid: int
    #: Signing secret of the webhook that the stack receives.
    webhook_secret: str

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def outbox(self) -> Path:
        return self.home / "outbox"

    def receives(self, channel: str) -> str:
        """The address under which the stack stands in for `slack` or `webhook`."""
        return f"{self.endpoint}/_local/receive/{channel}"

    def received(self) -> list[dict[str, Any]]:
        """What arrived there, oldest first."""
        return self.control("GET", "received")

    def environment(self) -> dict[str, str]:
        """What an AWS client needs to talk to this stack and to nothing else."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return kept | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str, *, attempts: int = 3) -> Any:
        return boto3.client(service, **self._settings(attempts))

    def elsewhere(self, service: str, account: str, region: str) -> Any:
        """A client of another account's administrator: here an account's number is the key of its root user."""
        settings = self._settings(3) | {"region_name": region, "aws_access_key_id": account}
        return boto3.client(service, **settings)

    def resource(self, service: str) -> Any:
        return boto3.resource(service, **self._settings(3))

    def _settings(self, attempts: int) -> dict[str, Any]:
        return {
            "endpoint_url": self.endpoint,
            "region_name": REGION,
            "aws_access_key_id": "test",
            "aws_secret_access_key": "test",
            "config": Config(retries={"total_max_attempts": attempts}),
        }

    def fire(self, rule: str) -> None:
        """Makes a scheduled rule due now."""
        self.control("POST", f"rules/{rule}/fire")

    def pending(self) -> int:
        """How many asynchronous events are neither done nor given up."""
        return self.control("GET", "pending")

    def is_at_rest(self) -> bool:
        """Whether no event is pending, nor follows at once from one that was."""
        if self.pending():
            return False
        time.sleep(0.3)
        return self.pending() == 0

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.endpoint}/_local/{path}", data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise StackError(json.load(error).get("error", str(error))) from error

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2):
                return True
        except OSError:
            return False

    def stop(self) -> None:
        """Ends the emulator and the functions it runs."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.pid, sign)
            except ProcessLookupError:
                break
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline and _alive(self.pid):
                time.sleep(0.05)
        _record(self.home).unlink(missing_ok=True)


def start(home: Path, *, manual_schedule: bool = False, metric_seconds: float = 5, retry_seconds: float = 1) -> Stack:
    """Starts an emulator on the first free port from 4566; whatever ran from `home` before is stopped."""
    if (old := find(home)) is not None:
        old.stop()
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    for mail in (home / "outbox").glob("*.eml"):
        mail.unlink()
    port = next(_free_ports())
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    # Kept out: what a user's shell says about the real AWS, and a CA bundle that the functions cannot read.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {
        "PYTHONPATH": str(ROOT / "scripts"),
        "TMPDIR": str(home / "tmp"),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AUTH": "true",
        "CLOUDTRAIL_RECORDING": "1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        settings.OUTBOX: str(home / "outbox"),
        settings.WEBHOOK_SECRET: secret,
        settings.SCHEDULE: "manual" if manual_schedule else "clock",
        settings.METRIC_SECONDS: str(metric_seconds),
        settings.RETRY_SECONDS: str(retry_seconds),
    }
    log = home / "emulator.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.emulator"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    stack = Stack(home, port, process.pid, secret)
    _record(home).write_text(json.dumps({"port": port, "pid": process.pid, "webhook_secret": secret}))
    deadline = time.monotonic() + START_SECONDS
    while not stack.is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            stack.stop()
            raise StackError(f"the local AWS did not start; its last words are in {log}:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)
    return stack


def find(home: Path) -> Stack | None:
    """The emulator that was started from `home`, if it still runs."""
    try:
        stack = Stack(home, **json.loads(_record(home).read_text()))
    except (FileNotFoundError, TypeError, ValueError):
        # Nothing was started, or the record is that of another version, or was cut short.
        return None
    return stack if _alive(stack.pid) and stack.is_ready() else None


def _record(home: Path) -> Path:
    return home / "stack.json"


def _free_ports() -> Iterator[int]:
    for port in range(DEFAULT_PORT, DEFAULT_PORT + 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port
    raise StackError(f"no free port between {DEFAULT_PORT} and {DEFAULT_PORT + 200}")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return True
