"""A Python function's loop: asks the Runtime API for events, hands them to `_HANDLER` (module.function), answers."""

import http.client
import importlib
import json
import os
import traceback

PREFIX = "/2018-06-01/runtime/"


def main() -> None:
    module, function = os.environ["_HANDLER"].split(".")
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = getattr(importlib.import_module(module), function)
    except Exception as error:
        post(api, "init/error", told(error))
        raise
    while True:
        api.request("GET", f"{PREFIX}invocation/next")
        response = api.getresponse()
        event = json.loads(response.read())
        invocation = f"invocation/{response.headers['Lambda-Runtime-Aws-Request-Id']}"
        try:
            answer = handler(event)
        except Exception as error:
            traceback.print_exc()
            post(api, f"{invocation}/error", told(error))
        else:
            post(api, f"{invocation}/response", answer)


def told(error: Exception) -> dict[str, str]:
    return {"errorType": type(error).__name__, "errorMessage": str(error)}


def post(api: http.client.HTTPConnection, path: str, body: object) -> None:
    api.request("POST", PREFIX + path, json.dumps(body), {"content-type": "application/json"})
    api.getresponse().read()


if __name__ == "__main__":
    main()
