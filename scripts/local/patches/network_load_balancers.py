"""A network load balancer has the ARN of one.

Gap: whatever its type, a load balancer gets `loadbalancer/app/…`.
AWS (Service Authorization Reference, Elastic Load Balancing V2): `loadbalancer/net/…` for a network load balancer.
"""

from __future__ import annotations

from typing import Any

from ministack.services import alb

_create_lb = alb._create_lb


def _created(params: dict[str, Any]) -> Any:
    status, headers, body = _create_lb(params)
    if status != 200 or alb._p(params, "Type") != "network":
        return status, headers, body
    given = list(alb._lbs)[-1]
    arn = given.replace("loadbalancer/app/", "loadbalancer/net/")
    for kept in (alb._lbs, alb._tags, alb._lb_attrs):
        kept[arn] = kept.pop(given)
    alb._lbs[arn]["LoadBalancerArn"] = arn
    return status, headers, body.replace(given.encode(), arn.encode())


def apply() -> None:
    alb._create_lb = _created
    alb._ACTION_MAP["CreateLoadBalancer"] = _created
