"""HTTP APIs."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from local.stack import Stack


def test_health_belongs_to_the_api(stack: Stack) -> None:
    api = stack.client("apigatewayv2").create_api(Name="health", ProtocolType="HTTP")
    stack.client("apigatewayv2").create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
    request = urllib.request.Request(f"{stack.endpoint}/health", headers={"Host": api["ApiEndpoint"].split("//")[1]})
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request)
    # An API without routes knows no path; the emulator's own health would have said 200.
    assert refusal.value.code == 404
