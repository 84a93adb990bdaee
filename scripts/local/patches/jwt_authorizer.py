"""A JWT authorizer has no payload format.

Gap: the emulator describes every authorizer with authorizerPayloadFormatVersion 2.0, so that every plan wants to replace it.
AWS (API Gateway V2 API reference, Authorizer): "Supported only for HTTP API Lambda authorizers".
"""

from __future__ import annotations

from typing import Any

from ministack.services import apigateway

_create_authorizer = apigateway._create_authorizer


def _created(api_id: str, data: dict[str, Any]) -> Any:
    answer = _create_authorizer(api_id, data)
    for authorizer in apigateway._authorizers.get(api_id, {}).values():
        if authorizer["authorizerType"] == "JWT":
            for name in ("authorizerPayloadFormatVersion", "authorizerResultTtlInSeconds", "enableSimpleResponses"):
                authorizer.pop(name, None)
    return answer


def apply() -> None:
    apigateway._create_authorizer = _created
