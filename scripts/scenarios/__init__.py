"""The scenarios of tests/scenarios, played on a local AWS: real metrics, real log events, the real function."""
