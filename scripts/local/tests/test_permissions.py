"""Functions may do what their roles say, and no more."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.stack import ACCOUNT, REGION, Stack
from local.tests.conftest import Function


def test_a_role_reboots_the_instance_that_opted_in_and_no_other(stack: Stack, function: Function) -> None:
    ec2 = stack.client("ec2")
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "test:remediate", "Value": "reboot"}]}]
    tagged = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, TagSpecifications=tags)["Instances"][0]["InstanceId"]
    bare = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    answers = {}
    for instance in (tagged, bare):
        event = json.dumps({"reboot": instance})
        answers[instance] = stack.client("lambda").invoke(FunctionName=function.name, Payload=event)["Payload"].read()
    assert answers[tagged] == b"null"
    assert b"UnauthorizedOperation" in answers[bare]


def test_a_trust_policy_names_the_roles_whose_sessions_it_trusts(stack: Stack) -> None:
    iam, root = stack.client("iam"), {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
    names = ("trusted", "stranger")
    trusted = f"arn:aws:iam::{ACCOUNT}:role/trusted"
    condition = {"ArnEquals": {"aws:PrincipalArn": [trusted]}, "StringEquals": {"sts:ExternalId": "word"}}
    anything = json.dumps({"Statement": [{"Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": ["*"]}]})
    for name, conditions in [(name, {}) for name in names] + [("watched", condition)]:
        trust = {"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole", "Condition": conditions}
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        iam.put_role_policy(RoleName=name, PolicyName="assume", PolicyDocument=anything)

    def assume(as_role: str, external_id: str) -> Any:
        own = stack.client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{as_role}", RoleSessionName="session")["Credentials"]
        sts = boto3.client(
            "sts",
            endpoint_url=stack.endpoint,
            region_name=REGION,
            aws_access_key_id=own["AccessKeyId"],
            aws_secret_access_key=own["SecretAccessKey"],
            aws_session_token=own["SessionToken"],
        )
        return sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/watched", RoleSessionName="session", ExternalId=external_id)

    assert assume("trusted", "word")["Credentials"]
    for role, external_id in (("stranger", "word"), ("trusted", "another")):
        with pytest.raises(ClientError, match="AccessDenied"):
            assume(role, external_id)
