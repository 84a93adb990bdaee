"""The gaps of MiniStack 1.5.33 that the chain meets, each closed by one module as AWS documents the behaviour.

A patch makes the emulator as strict, as late and as repetitive as AWS; never kinder than it.
"""

from local.patches import (
    alarm_messages,
    alarms,
    async_invocation,
    cloudtrail_events,
    cloudtrail_names,
    connections_endpoint,
    describe_alarms,
    ec2_resource_tags,
    ec2_security_groups,
    ec2_state_events,
    group_resource_tags,
    health_path,
    eventbridge_lambda,
    jwt_authorizer,
    metric_filters_access,
    metric_order,
    metric_retention,
    network_load_balancers,
    principal_arn,
    queue_metrics,
    schedule_clock,
    secure_transport,
    sns_email,
    sns_lambda,
    websocket_address,
    websocket_protocol,
    tagging_api,
)

ALL = (
    async_invocation,
    sns_lambda,
    sns_email,
    eventbridge_lambda,
    schedule_clock,
    metric_retention,
    metric_filters_access,
    metric_order,
    alarms,
    alarm_messages,
    queue_metrics,
    cloudtrail_names,
    cloudtrail_events,
    describe_alarms,
    ec2_resource_tags,
    ec2_security_groups,
    ec2_state_events,
    group_resource_tags,
    health_path,
    secure_transport,
    principal_arn,
    jwt_authorizer,
    websocket_address,
    websocket_protocol,
    connections_endpoint,
    tagging_api,
    network_load_balancers,
)


def apply() -> None:
    for patch in ALL:
        patch.apply()
