"""What the API answers is what its description says it answers: every GET, after an incident with all that follows from it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import jsonschema
import pytest

from conftest import Chain
from test_remediation import trouble

#: Values for what an operation must be told; whose values are not here is told in the test.
ASKED = {"type": "ec2:instance", "metric": "CPUUtilization", "threshold": "90"}
#: Nothing waits for approval, and no page is JSON.
LEFT_OUT = {"/approvals/{id}", "/openapi.json"}


@pytest.fixture
def known(chain: Chain) -> dict[str, str]:
    """What is there to be asked for, by the path that asks for it."""
    target = trouble(chain)
    (incident,) = chain.incidents(target)
    product = {"matchers": ['tag:app="nobody"'], "owner": "team-shop", "criticality": "low"}
    chain.records.api("/products/described", product, method="PUT")
    return {"/events/{id}": incident["id"], "/products/{name}": "described", "/resources": target.id, "/analyze": target.id}


def test_every_answer_is_what_the_description_says(chain: Chain, known: dict[str, str]) -> None:
    document = chain.records.api("/openapi.json")
    judged = set()
    for path, operations in document["paths"].items():
        content = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        if "application/json" not in content or path in LEFT_OUT:
            continue
        judged.add(path)
        answer = chain.records.api(filled(path, operations["get"], known))
        schema = content["application/json"]["schema"] | {"components": document["components"]}
        problems = [f"{path}: {error.json_path}: {error.message[:200]}" for error in jsonschema.Draft202012Validator(schema).iter_errors(answer)]
        assert problems == []
    assert len(judged) > 20


def filled(path: str, operation: dict[str, Any], known: dict[str, str]) -> str:
    value = next((value for prefix, value in known.items() if path.startswith(prefix)), "")
    required = [parameter for parameter in operation.get("parameters", []) if parameter.get("required")]
    query = []
    for parameter in required:
        told = quote(ASKED.get(parameter["name"], value), safe="")
        if parameter["in"] == "path":
            path = path.replace("{" + parameter["name"] + "}", told)
        else:
            query.append(f"{parameter['name']}={told}")
    return "?".join([path, "&".join(query)]) if query else path
