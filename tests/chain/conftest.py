"""The suite, deployed once by the real Terraform with the real binaries, and a fresh fleet for every test."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from demo import fleet
from demo.fleet import BYSTANDER, CONTROL, TARGET, Fleet, Instance, Role
from demo.records import Records
from local import deployment as local_deployment
from local import packages
from local import stack as local_stack
from local.deployment import PREFIX, Deployment
from local.stack import ACCOUNT, REGION
from receivers import Receivers

T = TypeVar("T")
#: Windows that only an instance with their tag notices.
MAINTENANCE = Path(__file__).parent / "maintenance_windows.json"
#: The routes that ship, and one for each region that no fleet is in.
ROUTES = Path(__file__).parent / "alert_routes.json"
#: Other accounts and regions. The functions may assume these roles; `test_accounts.py` has them watched.
ACCOUNTS = Path(__file__).parent / "watched_accounts.json"
#: What the receivers' webhooks are signed with, and what will be used next.
SECRET, NEXT_SECRET = ("whsec_" + base64.b64encode(text * 3).decode() for text in (b"the key!", b"the next"))
#: The fleets' history ends this long ago, so that whoever adds datapoints need not wait for them to be due. Not longer: an
#: anomaly of an hour ago is no longer acted upon.
AGO = timedelta(minutes=20)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "last: runs after everything else, because it takes the deployment down")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    home = tmp_path_factory.mktemp("chain")
    built = packages.build(home, beside_tests=True)
    stack = local_stack.start(home, manual_schedule=True, metric_seconds=1, retry_seconds=3)
    try:
        deployed = local_deployment.deploy(
            stack,
            built,
            maintenance_windows_file=str(MAINTENANCE),
            alert_routes_file=str(ROUTES),
            watched_accounts_file=str(ACCOUNTS),
        )
        watch_accounts(deployed, local_stack.ROOT / "config")
        yield deployed
    finally:
        stack.stop()


def watch_accounts(deployment: Deployment, folder: Path) -> None:
    """Publishes the watched_accounts.json of a folder."""
    command = [deployment.built.nightjar, "config", "publish", "watched_accounts", "--dir", str(folder), "--why", "a test"]
    environment = deployment.stack.environment()
    subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


@dataclass(frozen=True)
class Chain:
    """Drives one deployment and reads what it leaves behind."""

    deployment: Deployment
    records: Records

    def launch(self, *roles: Role, with_history: bool = True) -> Fleet:
        """A fleet that is onboarded and, with its history, learnt."""
        instances = fleet.launch(self.deployment.stack, roles or (TARGET, BYSTANDER, CONTROL), AGO)
        if with_history:
            instances.live_two_weeks()
            instances.log_as_usual()
        self.run("onboarding")
        self.run("anomaly-detector")
        return instances

    def run(self, function: str) -> None:
        """Fires a function's schedule and waits until all that follows from it has ended."""
        self.deployment.stack.fire(f"{PREFIX}-{function}-schedule")
        self.settle()

    def settle(self) -> None:
        """Waits until no event is left that is neither done nor in a dead-letter queue."""
        until(self.deployment.stack.is_at_rest, "the chain to come to rest", seconds=120)

    def incidents(self, instance: Instance) -> list[dict[str, Any]]:
        return [row for row in self.records.incidents() if row["resource_id"] == instance.id]

    def facts(self, kind: str, instance: Instance) -> list[dict[str, Any]]:
        """The facts of a kind that name the instance, or an incident of it."""
        names = [instance.id, *(row["id"] for row in self.incidents(instance))]
        return [fact for fact in self.records.facts(kind) if any(name in str(fact) for name in names)]

    def reboots(self, instance: Instance) -> int:
        return self.records.reboots().count(instance.id)

    def posts(self, channel: str, instance: Instance) -> list[dict[str, Any]]:
        return [post for post in self.records.posts(channel) if instance.id in str(post["body"])]

    def mails(self, instance: Instance) -> list[str]:
        return [str(mail["Subject"]) for mail in self.records.mails() if instance.id in mail.get_content()]

    @contextmanager
    def fault(self, service: str, action: str, effect: str, **options: Any) -> Iterator[None]:
        """The next calls of an action fail; what is left of the fault is taken back at the end."""
        self.deployment.stack.control("POST", "faults", {"service": service, "action": action, "effect": effect, **options})
        try:
            yield
        finally:
            self.deployment.stack.control("DELETE", "faults")

    @contextmanager
    def copies(self, count: int) -> Iterator[None]:
        """Every asynchronous event is delivered `count` times over."""
        self.deployment.stack.control("PUT", "copies", {"copies": count})
        try:
            yield
        finally:
            self.deployment.stack.control("PUT", "copies", {"copies": 1})

    def publish(self, topic: str, message: str) -> None:
        arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{PREFIX}-{topic}"
        self.deployment.stack.client("sns").publish(TopicArn=arn, Message=message)

    def dead_letters(self, function: str) -> int:
        """How many messages lie in the function's dead-letter queue."""
        sqs = self.deployment.stack.client("sqs")
        url = sqs.get_queue_url(QueueName=f"{PREFIX}-{function}-dlq")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    def take_dead_letters(self, function: str) -> list[str]:
        """The bodies in the function's dead-letter queue, taken off it."""
        sqs = self.deployment.stack.client("sqs")
        url = sqs.get_queue_url(QueueName=f"{PREFIX}-{function}-dlq")["QueueUrl"]
        bodies = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                bodies.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return bodies

    def alarm(self, function: str) -> str:
        names = [f"{PREFIX}-{function}-dlq-not-empty"]
        return self.deployment.stack.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"][0]["StateValue"]

    def nightjar(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.deployment.built.nightjar, *arguments],
            env=self.deployment.stack.environment() | {"NIGHTJAR_TOKEN": self.deployment.token},
            capture_output=True,
            text=True,
            check=False,
        )

    def ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The same for a command that goes through the API."""
        deployed = self.deployment
        return self.nightjar(*arguments, "--api", deployed.api, "--host", deployed.api_host, "--no-sign")

    def stress(self, instance: Instance) -> subprocess.CompletedProcess[str]:
        script = local_stack.ROOT / "scripts/stress-test.sh"
        home = str(self.deployment.stack.home)
        return subprocess.run(
            [script, "--local", "--home", home, "--instance-id", instance.id],
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def chain(deployment: Deployment) -> Iterator[Chain]:
    running = Chain(deployment, Records(deployment))
    yield running
    remove_fleets(running)
    forget_repairs(running)
    for function in packages.FUNCTIONS:
        running.take_dead_letters(function)


@pytest.fixture(scope="session")
def all_receivers(deployment: Deployment, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receivers]:
    """Receivers at the addresses that the routes look up in the parameter store and in Secrets Manager."""
    running = Receivers(SECRET, tmp_path_factory.mktemp("receivers") / "self-signed.pem")
    ssm = deployment.stack.client("ssm")
    names = re.findall(r'"ssm": "/aiops/chain/([a-z-]+)"', ROUTES.read_text())
    values = {name: running.url(name) for name in names}
    values |= {"untrusted": running.tls_url("untrusted"), "secret": SECRET, "next-secret": NEXT_SECRET}
    for name, value in values.items():
        ssm.put_parameter(Name=f"/aiops/chain/{name}", Value=value, Type="SecureString")
    names = re.findall(r'"secretsmanager": "aiops/chain/alerts#([a-z-]+)"', ROUTES.read_text())
    secrets = deployment.stack.client("secretsmanager")
    secrets.create_secret(Name="aiops/chain/alerts", SecretString=json.dumps({name: running.url(name) for name in names}))
    yield running
    running.stop()


@pytest.fixture
def receivers(all_receivers: Receivers) -> Receivers:
    """The receivers, with nothing received and all well behaved."""
    all_receivers.posts.clear()
    all_receivers.behaviours.clear()
    return all_receivers


@pytest.fixture
def alerts(chain: Chain) -> Any:
    from alerts import Alerts

    return Alerts(chain)


def remove_fleets(chain: Chain) -> None:
    """Terminates every instance and lets onboarding retire it, so that the next test starts with an empty inventory."""
    ec2, logs = chain.deployment.stack.client("ec2"), chain.deployment.stack.client("logs")
    reservations = ec2.describe_instances(Filters=[{"Name": "instance-state-name", "Values": ["running"]}])["Reservations"]
    if ids := [instance["InstanceId"] for reservation in reservations for instance in reservation["Instances"]]:
        ec2.terminate_instances(InstanceIds=ids)
    for group in logs.describe_log_groups(logGroupNamePrefix=f"/{PREFIX}/demo/")["logGroups"]:
        logs.delete_log_group(logGroupName=group["logGroupName"])
    chain.run("onboarding")


def forget_repairs(chain: Chain) -> None:
    """Forgets what is under way, so that no test uses up the hourly cap of another."""
    for key in ("ledger", "control"):
        table = f"{PREFIX}-remediations"
        chain.deployment.stack.client("dynamodb").delete_item(TableName=table, Key={"id": {"S": key}})


def until(look: Callable[[], T], what: str, seconds: float = 45) -> T:
    """The first truthy answer; fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while not (answer := look()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.1)
    return answer
