"""The environment of a measured function."""

from __future__ import annotations

from .examples import REGION
from .tables import ENVIRONMENT


def of_a_function(home: str, runtime_address: str, aws_address: str) -> dict[str, str]:
    """What Lambda gives a function, and nothing of the machine's own."""
    return ENVIRONMENT | {
        "AWS_LAMBDA_RUNTIME_API": runtime_address,
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/bench",
        "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": f"http://{aws_address}",
        "WEBHOOK_URL": f"http://{aws_address}/webhook",
        "HOME": home,
        "PATH": "/usr/bin:/bin",
    }
