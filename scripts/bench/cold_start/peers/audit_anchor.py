"""Signs the ends of the audit trail's chains, and writes them to a bucket."""

import base64
import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor

from common import Json, newest, now, rfc3339, session

kms = session.client("kms")
s3 = session.client("s3")

CHAINS = ("main", *(f"shard-{digit:x}" for digit in range(16)))


def handle(event: Json) -> Json:
    with ThreadPoolExecutor(len(CHAINS)) as pool:
        ends = [entry for entry in pool.map(newest, CHAINS) if entry]
    heads = [{name: entry[name] for name in ("chain", "seq", "hash")} for entry in ends]
    bucket = os.environ["ANCHORS_BUCKET"]
    known = s3.list_objects_v2(Bucket=bucket, Prefix="anchors/").get("Contents", [])
    name = f"anchors/{now().strftime('%Y-%m-%dT%HZ')}.json"
    summary = {"anchored": False, "chains": len(heads), "entries": sum(head["seq"] for head in heads)}
    if not heads or any(item["Key"] == name for item in known):
        return summary
    before = json.loads(s3.get_object(Bucket=bucket, Key=known[-1]["Key"])["Body"].read()) if known else None
    anchor = {
        "taken_at": rfc3339(now()),
        "heads": heads,
        "previous_anchor_hash": digest(before).hex() if before else "0" * 64,
        "key_id": os.environ["ANCHORS_KEY_ARN"],
    }
    signature = kms.sign(
        KeyId=anchor["key_id"], Message=digest(anchor), MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256"
    )["Signature"]
    anchor["signature"] = base64.b64encode(signature).decode()
    s3.put_object(Bucket=bucket, Key=name, Body=json.dumps(anchor).encode(), IfNoneMatch="*")
    return summary | {"anchored": True}


def digest(anchor: Json) -> bytes:
    signed = {name: value for name, value in anchor.items() if name != "signature"}
    return hashlib.sha256(json.dumps(signed, sort_keys=True, separators=(",", ":")).encode()).digest()
