//! An ordinary month of an account, to count false alarms on.
//!
//! Assumptions, in events of a 30-day month of 100,000:
//!
//! | share | what | who |
//! |---|---|---|
//! | 52 % | a monitoring tool that describes everything every few minutes | a role |
//! | 16 % | applications: their own secrets and parameters, role sessions, keys | roles and instances |
//! | 10 % | autoscaling, and what scaling calls on its behalf | a service role |
//! | 8 % | deployments on workdays: functions, task definitions, images, passed roles | a pipeline role |
//! | 6 % | Terraform on workdays: refreshes everything, changes little | a role |
//! | 4 % | backups every night, and expiry of the oldest | a backup role |
//! | 4 % | people: single sign-on, or a user with MFA, in the console on workdays | five people |
//!
//! Rarely, and on purpose, things that do raise an alarm: a user is onboarded, an instance is repaired by hand over a
//! serial console, someone signs in without MFA, a pipeline opens a bucket by mistake. Mistakes are real alarms;
//! they are counted like false ones.

use serde_json::{Value, json};

/// Seconds from one event to the next, so that 100,000 fill 30 days.
const STEP: i64 = 30 * 86_400 / 100_000;
/// 2026-03-02T00:00:00Z, a Monday.
const START: i64 = 1_772_409_600;
const ACCOUNT: &str = "111122223333";

/// An endless stream of events in the order of their time; the same seed gives the same events.
#[derive(Debug, Clone)]
pub struct Month {
    state: u64,
    number: u64,
}

impl Month {
    pub fn new(seed: u64) -> Self {
        Self { state: seed | 1, number: 0 }
    }

    /// Steele and Vigna's `SplitMix64` (2014): enough for a simulation, and no dependency.
    fn random(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.random() % bound
    }

    fn one_of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        let index = self.below(list.len() as u64) as usize;
        list.get(index).copied().unwrap_or_default()
    }

    #[allow(clippy::needless_pass_by_value, reason = "the callers build both values for this call")]
    fn call(&mut self, who: Value, service: &str, name: &str, request: Value) -> Value {
        let at = START + self.number as i64 * STEP + self.below(STEP as u64) as i64;
        let read_only = ["Describe", "List", "Get", "Lookup", "Batch"].iter().any(|verb| name.starts_with(verb));
        let address = match who["type"].as_str() {
            Some("AWSService") => "autoscaling.amazonaws.com".to_owned(),
            _ if who["sessionContext"]["ec2RoleDelivery"].is_string() => format!("10.0.{}.7", self.below(4)),
            _ => format!("203.0.113.{}", self.below(250)),
        };
        json!({
            "eventVersion": "1.10", "userIdentity": who,
            "eventTime": jiff::Timestamp::from_second(at).unwrap_or_default().to_string(),
            "eventSource": format!("{service}.amazonaws.com"), "eventName": name, "awsRegion": "eu-west-1",
            "sourceIPAddress": address, "userAgent": "aws-sdk", "requestParameters": request, "responseElements": null,
            "eventID": format!("month-{}", self.number), "readOnly": read_only, "eventType": "AwsApiCall",
            "managementEvent": true, "recipientAccountId": ACCOUNT, "eventCategory": "Management",
        })
    }

    fn monitoring(&mut self) -> Value {
        let calls = [
            "ec2:DescribeInstances",
            "ec2:DescribeVolumes",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeVpcs",
            "ec2:DescribeSnapshots",
            "ec2:DescribeImages",
            "ec2:DescribeInstanceStatus",
            "rds:DescribeDBInstances",
            "rds:DescribeDBClusters",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeTargetHealth",
            "autoscaling:DescribeAutoScalingGroups",
            "lambda:ListFunctions20150331",
            "lambda:GetFunction20150331v2",
            "s3:ListBuckets",
            "s3:GetBucketLocation",
            "s3:GetBucketTagging",
            "sqs:ListQueues",
            "sqs:GetQueueAttributes",
            "sns:ListTopics",
            "dynamodb:ListTables",
            "dynamodb:DescribeTable",
            "ecs:ListClusters",
            "ecs:DescribeServices",
            "eks:ListClusters",
            "cloudtrail:DescribeTrails",
            "iam:ListRoles",
            "iam:ListUsers",
            "iam:GetAccountSummary",
            "kms:ListKeys",
            "monitoring:DescribeAlarms",
            "logs:DescribeLogGroups",
            "tagging:GetResources",
            "ses:GetSendQuota",
            "servicequotas:ListServiceQuotas",
            "guardduty:ListDetectors",
            "elasticache:DescribeCacheClusters",
        ];
        let call = self.one_of(&calls);
        let (service, name) = call.split_once(':').unwrap_or_default();
        let mut event = self.call(role("monitoring", "collector"), service, name, json!({"maxResults": 100}));
        // One permission was never given: the same refusal all month.
        if call == "s3:GetBucketTagging" {
            event["errorCode"] = json!("AccessDenied");
            event["errorMessage"] = json!("not authorized to perform: s3:GetBucketTagging");
        }
        event
    }

    fn application(&mut self) -> Value {
        let app = self.one_of(&["shop", "billing", "search", "mail"]);
        let session = format!("task-{}", self.below(40));
        match self.below(12) {
            0..=3 => self.call(
                role(app, &session),
                "secretsmanager",
                "GetSecretValue",
                json!({"secretId": format!("{app}/database")}),
            ),
            4 | 5 => self.call(
                role(app, &session),
                "ssm",
                "GetParametersByPath",
                json!({"path": format!("/{app}"), "withDecryption": true}),
            ),
            6 => self.call(
                role(app, &session),
                "ssm",
                "GetParameters",
                json!({"names": [format!("/{app}/a"), format!("/{app}/b")], "withDecryption": true}),
            ),
            7 | 8 => self.call(
                service("ecs-tasks.amazonaws.com"),
                "sts",
                "AssumeRole",
                json!({"roleArn": format!("arn:aws:iam::{ACCOUNT}:role/{app}"), "roleSessionName": session}),
            ),
            9 => self.call(role(app, &session), "kms", "Decrypt", json!({"keyId": "shared"})),
            10 => {
                let id = self.below(6);
                self.call(
                    instance(id),
                    "ssm",
                    "UpdateInstanceInformation",
                    json!({"instanceId": format!("i-{id:017x}")}),
                )
            }
            _ => {
                let id = self.below(6);
                let name = self.one_of(&["DescribeTags", "DescribeInstances", "DescribeVolumes"]);
                self.call(instance(id), "ec2", name, json!({}))
            }
        }
    }

    fn autoscaling(&mut self) -> Value {
        let id = format!("i-{:017x}", self.random() >> 8);
        match self.below(5) {
            0 | 1 => self.call(
                service("autoscaling.amazonaws.com"),
                "ec2",
                "RunInstances",
                json!({"instanceType": "m6i.large", "instancesSet": {"items": [{"minCount": 1, "maxCount": 2}]}}),
            ),
            2 => self.call(
                service("autoscaling.amazonaws.com"),
                "ec2",
                "TerminateInstances",
                json!({"instancesSet": {"items": [{"instanceId": id}]}}),
            ),
            3 => self.call(service("autoscaling.amazonaws.com"), "ec2", "CreateTags", json!({})),
            _ => self.call(service("autoscaling.amazonaws.com"), "monitoring", "PutMetricAlarm", json!({})),
        }
    }

    fn deployment(&mut self) -> Value {
        let run = format!("run-{}", self.number / 200);
        let pipeline = || role("deploy-pipeline", &run);
        let app = self.one_of(&["shop", "billing", "search", "mail"]);
        let trust = r#"{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        match self.below(16) {
            0 | 1 => self.call(pipeline(), "lambda", "UpdateFunctionCode20150331v2", json!({"functionName": app})),
            2 => self.call(pipeline(), "lambda", "UpdateFunctionConfiguration20150331v2", json!({"functionName": app, "layers": [format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:layer:x:1")]})),
            3 => self.call(pipeline(), "lambda", "AddPermission20150331v2", json!({"functionName": app, "principal": "events.amazonaws.com"})),
            4 | 5 => self.call(pipeline(), "ecs", "RegisterTaskDefinition", json!({"family": app, "taskRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/{app}")})),
            6 | 7 => self.call(pipeline(), "ecs", "UpdateService", json!({"service": app})),
            8 | 9 => self.call(pipeline(), "ecr", "PutImage", json!({"repositoryName": app})),
            10 => self.call(pipeline(), "cloudformation", "CreateChangeSet", json!({"stackName": app})),
            11 => self.call(pipeline(), "iam", "CreateRole", json!({"roleName": app, "assumeRolePolicyDocument": trust})),
            12 => self.call(pipeline(), "iam", "PutRolePolicy", json!({"roleName": app, "policyDocument": r#"{"Statement":[{"Effect":"Allow","Action":"dynamodb:*","Resource":"arn:aws:dynamodb:*:*:table/x"}]}"#})),
            13 => self.call(pipeline(), "ssm", "PutParameter", json!({"name": format!("/{app}/version")})),
            14 => self.call(pipeline(), "s3", "PutObject", json!({"bucketName": "artifacts", "key": format!("{app}.zip")})),
            _ => self.call(pipeline(), "ssm", "SendCommand", json!({"documentName": "AWS-RunShellScript", "instanceIds": ["i-1"]})),
        }
    }

    fn terraform(&mut self) -> Value {
        let run = format!("plan-{}", self.number / 300);
        let who = || role("terraform", &run);
        let mut event = match self.below(40) {
            0 => self.call(who(), "ec2", "AuthorizeSecurityGroupIngress", json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 443, "toPort": 443, "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}})),
            1 => self.call(who(), "ec2", "AuthorizeSecurityGroupIngress", json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}}]}})),
            2 => self.call(who(), "ec2", "CreateSecurityGroup", json!({})),
            3 => self.call(who(), "iam", "AttachRolePolicy", json!({"roleName": "app", "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"})),
            4 => self.call(who(), "s3", "PutBucketPolicy", json!({"bucketName": "assets", "bucketPolicy": {"Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject"}, {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}})),
            5 => self.call(who(), "kms", "CreateKey", json!({"policy": format!(r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}},"Action":"kms:*","Resource":"*"}}]}}"#)})),
            6 => self.call(who(), "logs", "DeleteLogGroup", json!({"logGroupName": "/aws/lambda/old"})),
            7 => self.call(who(), "s3", "PutBucketLifecycle", json!({"bucketName": "assets", "LifecycleConfiguration": {"Rule": {"Expiration": {"Days": 90}}}})),
            8..=10 => {
                let id = self.below(12);
                self.call(who(), "ec2", "DescribeInstanceAttribute", json!({"instanceId": format!("i-{id}"), "attribute": "userData"}))
            }
            11 | 12 => self.call(who(), "ssm", "DescribeParameters", json!({})),
            13 | 14 => {
                let id = self.below(20);
                self.call(who(), "ssm", "GetParameter", json!({"name": format!("/shop/{id}"), "withDecryption": true}))
            }
            _ => {
                let name = self.one_of(&["DescribeVpcs", "DescribeSubnets", "DescribeInstances", "DescribeSecurityGroups", "DescribeRouteTables", "DescribeNatGateways"]);
                self.call(who(), "ec2", name, json!({}))
            }
        };
        event["userAgent"] = json!("APN/1.0 HashiCorp/1.0 Terraform/1.11.4 (+https://www.terraform.io)");
        event
    }

    fn backup(&mut self) -> Value {
        let id = format!("snap-{:x}", self.random() >> 16);
        let who = role("backup", "AWSBackup");
        match self.below(6) {
            0 | 1 => self.call(who, "ec2", "CreateSnapshot", json!({"volumeId": "vol-1"})),
            2 => self.call(who, "ec2", "DeleteSnapshot", json!({"snapshotId": id})),
            3 => self.call(who, "rds", "CreateDBSnapshot", json!({"dBInstanceIdentifier": "main"})),
            4 => self.call(who, "rds", "DeleteDBSnapshot", json!({"dBSnapshotIdentifier": id})),
            _ => self.call(service("backup.amazonaws.com"), "backup", "DeleteRecoveryPoint", json!({})),
        }
    }

    fn person(&mut self) -> Value {
        let name = self.one_of(&["asha", "ben", "carla", "dmitri", "eve"]);
        let who = if name == "eve" { user_with_mfa(name) } else { sso(name) };
        let mut event = match self.below(60) {
            0..=4 => {
                let mut event = self.call(who.clone(), "signin", "ConsoleLogin", Value::Null);
                event["responseElements"] = json!({"ConsoleLogin": "Success"});
                event["additionalEventData"] = json!({"MFAUsed": if name == "eve" { "Yes" } else { "No" }});
                event["sourceIPAddress"] = json!("203.0.113.5");
                event
            }
            5 => {
                let mut event = self.call(who, "signin", "ConsoleLogin", Value::Null);
                event["responseElements"] = json!({"ConsoleLogin": "Failure"});
                event
            }
            6 | 7 => self.call(who, "ssm", "StartSession", json!({"target": "i-1"})),
            8 => self.call(who, "ec2-instance-connect", "SendSSHPublicKey", json!({"instanceId": "i-1"})),
            9 => self.call(who, "ec2", "StopInstances", json!({})),
            10 => self.call(who, "secretsmanager", "GetSecretValue", json!({"secretId": "shop/database"})),
            11 => self.call(who, "secretsmanager", "ListSecrets", json!({})),
            12 => self.call(who, "ec2", "DeleteSnapshot", json!({"snapshotId": "snap-9"})),
            13 => self.call(who, "bedrock", "InvokeModel", json!({"modelId": "m"})),
            _ => {
                let call = self.one_of(&[
                    "DescribeInstances",
                    "DescribeVolumes",
                    "DescribeSecurityGroups",
                    "DescribeImages",
                    "DescribeKeyPairs",
                    "DescribeAddresses",
                    "DescribeRegions",
                    "DescribeVpcs",
                ]);
                self.call(who, "ec2", call, json!({}))
            }
        };
        event["sessionCredentialFromConsole"] = json!("true");
        event
    }

    /// About eight a month, each a thing that a person should see.
    fn rare(&mut self) -> Value {
        match self.below(4) {
            0 => self.call(user_with_mfa("eve"), "iam", "CreateLoginProfile", json!({"userName": "newcomer"})),
            1 => self.call(sso("ben"), "ec2-instance-connect", "SendSerialConsoleSSHPublicKey", json!({"instanceId": "i-1"})),
            2 => {
                let mut event = self.call(user_with_mfa("eve"), "signin", "ConsoleLogin", Value::Null);
                event["responseElements"] = json!({"ConsoleLogin": "Success"});
                event["additionalEventData"] = json!({"MFAUsed": "No"});
                event
            }
            _ => self.call(role("terraform", "apply"), "s3", "PutBucketPolicy", json!({"bucketName": "assets", "bucketPolicy": {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}]}})),
        }
    }
}

impl Iterator for Month {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        let seconds = self.number as i64 * STEP;
        let (day, hour) = (seconds / 86_400, seconds % 86_400 / 3600);
        let working = day % 7 < 5 && (8..18).contains(&hour);
        let event = match self.below(100_000) {
            0..8 => self.rare(),
            // Work is done in 50 of a week's 168 hours: its share of those is 3.36 times its share of the month.
            8..26_880 if working => self.deployment(),
            26_880..47_040 if working => self.terraform(),
            47_040..60_480 if working => self.person(),
            60_480..64_480 if working => self.autoscaling(),
            64_480..72_000 if working => self.application(),
            8..4_000 => self.backup(),
            4_000..14_500 => self.autoscaling(),
            14_500..31_000 => self.application(),
            _ => self.monitoring(),
        };
        self.number += 1;
        Some(event)
    }
}

fn role(name: &str, session: &str) -> Value {
    json!({
        "type": "AssumedRole", "principalId": format!("AROA{name}:{session}"),
        "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/{session}"), "accountId": ACCOUNT, "accessKeyId": "ASIAROLE",
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": format!("arn:aws:iam::{ACCOUNT}:role/{name}"), "accountId": ACCOUNT, "userName": name}, "attributes": {"mfaAuthenticated": "false"}},
    })
}

fn instance(id: u64) -> Value {
    let mut who = role("web-server", &format!("i-{id:017x}"));
    who["sessionContext"]["ec2RoleDelivery"] = json!("2.0");
    who
}

fn sso(name: &str) -> Value {
    role("AWSReservedSSO_Operators_0123456789abcdef", &format!("{name}@example.com"))
}

fn user_with_mfa(name: &str) -> Value {
    json!({
        "type": "IAMUser", "principalId": format!("AIDA{name}"), "arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
        "accountId": ACCOUNT, "accessKeyId": "ASIAUSER", "userName": name,
        "sessionContext": {"attributes": {"mfaAuthenticated": "true"}},
    })
}

fn service(name: &str) -> Value {
    json!({"type": "AWSService", "invokedBy": name})
}
