"""The audit trail: written by many at once, anchored, tampered with behind everybody's back, and found out."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from conftest import Chain
from demo.fleet import BYSTANDER
from local.deployment import PREFIX
from local.stack import ACCOUNT, REGION, ROOT

TABLE = f"{PREFIX}-audit"
BUCKET = f"{PREFIX}-audit-anchors-{ACCOUNT}-{REGION}"


def verify(chain: Chain, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = chain.nightjar("audit", "verify", *arguments)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout.strip().splitlines()[-1])


def table_entries(chain: Chain) -> list[dict[str, Any]]:
    items = chain.deployment.stack.resource("dynamodb").Table(TABLE).scan(ConsistentRead=True)["Items"]
    return [item for item in items if not item["chain"].startswith("fact#")]


def by_nobody(entry: str) -> str:
    """The entry as a forger leaves it: another actor, whoever it was, and the old hash."""
    content = json.loads(entry)
    content["fact"]["actor"] = "nobody"
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


@pytest.fixture
def anchored(chain: Chain) -> Chain:
    """A trail with news, whose hour has its anchor."""
    chain.launch(BYSTANDER, with_history=False)
    chain.run("audit-anchor")
    return chain


def test_the_trail_is_anchored_once_an_hour_and_verifies_online_and_offline(anchored: Chain, tmp_path: Path) -> None:
    s3 = anchored.deployment.stack.client("s3")
    anchored.run("audit-anchor")
    versions = s3.list_object_versions(Bucket=BUCKET)["Versions"]
    assert len({version["Key"] for version in versions}) == len(versions)

    code, report = verify(anchored)
    assert (code, report["valid"], report["first_bad"]) == (0, True, None)
    assert report["entries"] == len(table_entries(anchored))
    assert report["anchors"] == len(versions)
    assert 0 < report["anchored_through"] <= report["entries"]

    export, anchors, key = tmp_path / "trail.jsonl", tmp_path / "anchors", tmp_path / "key.pem"
    assert anchored.nightjar("audit", "export", "--out", str(export)).returncode == 0
    assert verify(anchored, "--file", str(export), "--json")[1] == report
    anchors.mkdir()
    for version in versions:
        body = s3.get_object(Bucket=BUCKET, Key=version["Key"])["Body"].read()
        (anchors / Path(version["Key"]).name).write_bytes(body)
    key.write_text(next(line for line in map(json.loads, export.read_text().splitlines()) if "public_key" in line)["public_key"])
    code, offline = verify(anchored, "--file", str(export), "--anchors", str(anchors), "--public-key", str(key))
    assert (code, offline) == (0, report)

    answer = anchored.records.api("/audit-log/verify?hours=1")
    assert answer["valid"] is True
    listed = anchored.records.api("/audit-log?kind=resource.onboarded&limit=1")
    assert listed["entries"][0]["fact"]["kind"] == "resource.onboarded"


def test_entries_have_the_form_that_the_schema_tells(anchored: Chain) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "config/audit_log_schema.json").read_text())["entry"]
    rows = table_entries(anchored)
    assert rows
    for row in rows:
        jsonschema.validate(json.loads(row["entry"]), schema)
        assert int(row["expires_at"]) > 0
        assert (row["chain"], int(row["seq"])) == tuple(json.loads(row["entry"])[name] for name in ("chain", "seq"))


def test_an_anchor_cannot_be_replaced_or_lose_its_lock(anchored: Chain) -> None:
    s3 = anchored.deployment.stack.client("s3")
    (version, *_) = s3.list_object_versions(Bucket=BUCKET)["Versions"]
    with pytest.raises(ClientError):
        s3.put_object(Bucket=BUCKET, Key=version["Key"], Body=b"{}", IfNoneMatch="*")
    with pytest.raises(ClientError):
        s3.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])


def test_an_edit_and_a_cut_tail_are_found_in_the_table(anchored: Chain) -> None:
    table = anchored.deployment.stack.resource("dynamodb").Table(TABLE)
    rows = table_entries(anchored)
    row = next(row for row in rows if '"onboarding"' in row["entry"])
    try:
        table.put_item(Item=row | {"entry": by_nobody(row["entry"])})
        code, report = verify(anchored, "--no-anchors")
        assert (code, report["first_bad"]["reason"], report["first_bad"]["chain"]) == (1, "edited", row["chain"])
        assert report["first_bad"]["seq"] == row["seq"]
    finally:
        table.put_item(Item=row)

    # The tails of all chains at once: nothing that is left points to what was cut.
    try:
        for row in rows:
            table.delete_item(Key={"chain": row["chain"], "seq": row["seq"]})
        assert anchored.nightjar("audit", "verify", "--no-anchors").returncode == 0
        code, report = verify(anchored)
        assert (code, report["valid"], report["first_bad"]["reason"]) == (1, False, "truncated")
    finally:
        for row in rows:
            table.put_item(Item=row)
    assert verify(anchored)[0] == 0


def test_an_anchor_function_that_cannot_sign_leaves_its_event_in_the_queue(chain: Chain) -> None:
    chain.launch(BYSTANDER, with_history=False)
    s3 = chain.deployment.stack.client("s3")
    before = len(s3.list_object_versions(Bucket=BUCKET).get("Versions", []))
    with chain.fault("dynamodb", "Query", "error", count=400):
        chain.run("audit-anchor")
    assert chain.dead_letters("audit-anchor") == 1
    assert len(s3.list_object_versions(Bucket=BUCKET).get("Versions", [])) == before


def test_twenty_writers_at_once_lose_nothing(chain: Chain) -> None:
    """The store itself writes and verifies, in a Rust test that needs a table (shared/aws/tests/it/writers.rs)."""
    settings = {"AUDIT_TABLE": TABLE, "AUDIT_RUN": uuid.uuid4().hex, "WRITERS": "20", "ENTRIES_EACH": "40"}
    done = subprocess.run(
        [rust_test("nightjar-aws"), "--ignored", "--nocapture", "concurrent_writers"],
        env=chain.deployment.stack.environment() | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(next(line for line in done.stdout.splitlines() if "a minute" in line))


def rust_test(package: str) -> str:
    """The integration tests of a package, as the build of this session's deployment left them."""
    command = ["cargo", "test", "--workspace", "--locked", "--no-run", "--bins", "--tests", "--message-format=json"]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    artifacts = [artifact for artifact in map(json.loads, lines) if artifact.get("executable")]
    source = str(ROOT / "shared" / package.removeprefix("nightjar-") / "tests/it/main.rs")
    return next(artifact["executable"] for artifact in artifacts if artifact["target"]["src_path"] == source)
