"""Cold start, warm invocation, memory and package size of each function, beside Python that makes the same calls.

A process is started as Lambda starts it, against a Runtime API and a stand-in for AWS, both on loopback. The clock runs
from the start of the process to its first answer.
"""
