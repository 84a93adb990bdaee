"""Which AWS calls a function makes, read from its binary: the linker keeps an SDK operation only where something calls it.

The binaries of the dev profile name every function that was kept. `aws_sdk_ec2::operation::reboot_instances::RebootInstances` is
in a binary if and only if its code can reach that call; and a method of a store, whose source says which calls it makes on
which table, likewise.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from local.stack import ROOT

STORES = ROOT / "shared/aws/src/stores"
#: Crates whose name is not that of the service in IAM.
SERVICES = {"cloudwatchlogs": "logs"}
#: Calls whose name is not that of the action in IAM; `None` where IAM asks for nothing of its own.
ACTIONS = {
    "apigatewaymanagement:PostToConnection": "execute-api:ManageConnections",
    "apigatewaymanagement:DeleteConnection": "execute-api:ManageConnections",
    # IAM asks for the actions of the items in it.
    "dynamodb:TransactWriteItems": None,
}
#: What a store's source says, and the action that it needs.
ON_A_TABLE = {
    r"put_item\(\)": "PutItem",
    r"get_item\(\)": "GetItem",
    r"update_item\(\)": "UpdateItem",
    r"delete_item\(\)": "DeleteItem",
    r"batch_get_item\(\)": "BatchGetItem",
    r"batch_write_item\(\)": "BatchWriteItem",
    r"query\(\)": "Query",
    r"scan\(\)": "Scan",
    r"Put::builder\(\)": "PutItem",
    r"Update::builder\(\)": "UpdateItem",
    r"Delete::builder\(\)": "DeleteItem",
    r"ConditionCheck::builder\(\)": "ConditionCheckItem",
}
#: What symbols tell of calls.
KEPT = ("aws_sdk_", "nightjar_aws::stores", "nightjar_ec2::", "nightjar_calls::")
#: Stores that write other tables than the one they are named after.
TABLES = {
    "answers": ("notifications",),
    "feedback": ("incidents", "series"),
    "incident_evidence": ("incidents",),
    "incident_list": ("incidents",),
    "incidents_by_status": ("incidents",),
    "opening": ("incidents", "fingerprints"),
}
#: A call of a service without an SDK in the package: its name stands in the source.
BY_HAND = re.compile(r'"(?P<service>autoscaling|ec2|ssm|secretsmanager|sqs|sns)",\s*"(?:[A-Za-z0-9_]+\.)?(?P<action>[A-Z][A-Za-z]+)"')
#: The same in the crates that several functions call by, by the function that makes it.
SHARED_CALLS = {
    ("nightjar_ec2::", ROOT / "shared/ec2/src"): re.compile(r'\.(?P<service>autoscaling|ssm|iam)\(\s*"(?P<action>[A-Z][A-Za-z]+)"'),
    ("nightjar_calls::", ROOT / "shared/calls/src"): re.compile(r'"(?P<service>kms|lambda|s3):(?P<action>[A-Z][A-Za-z]+)"'),
}

#: The same, where the call is named as IAM names it.
BY_HAND_AS_IN_IAM = re.compile(r'\baction: "(?P<action>[a-z]+:[A-Za-z]+)"')


@dataclass(frozen=True)
class StoreMethod:
    """A function of `shared/aws/src/stores` that calls DynamoDB."""

    module: str
    name: str
    actions: frozenset[str]
    tables: tuple[str, ...]

    def is_in(self, symbols: list[str]) -> bool:
        name = re.compile(rf"::{self.name}\b")
        return any(f"nightjar_aws::stores::{self.module}::" in symbol and name.search(symbol) for symbol in symbols)


def functions(source: str) -> list[tuple[str, str]]:
    """Every function of a source with the text up to the next one."""
    pieces = re.split(r"^\s*(?:pub(?:\([a-z: ]+\))? )?(?:async )?fn (\w+)", source, flags=re.MULTILINE)
    return list(zip(pieces[1::2], pieces[2::2], strict=True))


def calls_by_hand(symbols: list[str]) -> set[str]:
    """The actions that functions of shared/ec2 and shared/calls ask for without an SDK, where the binary has those functions."""
    found = set()
    for (crate, sources), by_caller in SHARED_CALLS.items():
        for path in sources.rglob("*.rs"):
            for name, body in functions(path.read_text().split("#[cfg(test)]")[0]):
                if any(crate in symbol and re.search(rf"::{name}\b", symbol) for symbol in symbols):
                    found |= {f"{match['service']}:{match['action']}" for match in by_caller.finditer(body)}
    return found


def store_methods() -> list[StoreMethod]:
    methods = []
    for path in sorted(STORES.rglob("*.rs")):
        source = path.read_text().split("#[cfg(test)]")[0]
        parts = path.relative_to(STORES).with_suffix("").parts
        module = "::".join(part for part in parts if part != "mod")
        tables = TABLES.get(parts[0], (parts[0].replace("_", "-"),))
        for name, body in functions(source):
            if actions := frozenset(action for text, action in ON_A_TABLE.items() if re.search(rf"\b{text}", body)):
                methods.append(StoreMethod(module, name, actions, tables))
    return methods


def symbols(binary: Path) -> list[str]:
    names = subprocess.run(["nm", "--demangle", "--defined-only", binary], capture_output=True, text=True, check=True).stdout
    return sorted({line.split(" ", 2)[2] for line in names.splitlines() if any(part in line for part in KEPT)})


def calls(function: str, binary: Path) -> tuple[set[str], set[tuple[str, str]]]:
    """The actions a function needs beside those on tables, and those on tables as (table, action)."""
    kept = symbols(binary)
    operations = {
        match.groups() for symbol in kept if (match := re.search(r"aws_sdk_(\w+)::operation::\w+::(\w+)::orchestrate\b", symbol))
    }
    named = {f"{SERVICES.get(crate, crate)}:{operation}" for crate, operation in operations}
    others = {ACTIONS.get(name, name) for name in named if name in ACTIONS or not name.startswith("dynamodb:")} - {None}
    others |= calls_by_hand(kept)
    for path in (ROOT / "functions" / function / "src").rglob("*.rs"):
        source = path.read_text()
        others |= {f"{match['service']}:{match['action']}" for match in BY_HAND.finditer(source)}
        others |= {match["action"] for match in BY_HAND_AS_IN_IAM.finditer(source)}
    tables = {
        (table, f"dynamodb:{action}")
        for method in store_methods()
        if method.is_in(kept)
        for table in method.tables
        for action in method.actions
    }
    return {action for action in others if action}, tables
