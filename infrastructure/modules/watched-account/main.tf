# What an account applies to have itself watched: one role, which the suite's functions assume. Once per account, for all its regions.
terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}

locals {
  partition = data.aws_partition.current.partition
  account   = data.aws_caller_identity.current.account_id
  # In every region: the suite's document says which are watched.
  alarms = "arn:${local.partition}:cloudwatch:*:${local.account}:alarm:${var.name_prefix}-*"
  # As onboarding tags what it makes.
  owner_tag = "${var.name_prefix}:managed-by"
  # These read and plan. Those that act on resources are not among them.
  functions = ["onboarding", "anomaly-detector", "log-analyzer-rca"]
  log_groups = flatten([for pattern in var.readable_log_groups : [
    "arn:${local.partition}:logs:*:${local.account}:log-group:${pattern}",
    "arn:${local.partition}:logs:*:${local.account}:log-group:${pattern}:*",
  ]])

  read = [
    # These take no resource.
    {
      Sid    = "Read"
      Effect = "Allow"
      Action = [
        "tag:GetResources", "ec2:DescribeInstances", "ec2:DescribeInstanceStatus", "autoscaling:DescribeAutoScalingGroups",
        "cloudwatch:ListMetrics", "cloudwatch:GetMetricData", "cloudwatch:DescribeAlarms", "cloudtrail:LookupEvents",
        "logs:DescribeLogGroups", "logs:GetQueryResults", "logs:StopQuery",
      ]
      Resource = ["*"]
    },
    {
      Sid      = "RestApiNames"
      Effect   = "Allow"
      Action   = ["apigateway:GET"]
      Resource = ["arn:${local.partition}:apigateway:*::/restapis/*"]
    },
    {
      Sid      = "ReadLogs"
      Effect   = "Allow"
      Action   = ["logs:StartQuery", "logs:FilterLogEvents"]
      Resource = local.log_groups
    },
  ]

  alarm = [
    {
      Sid      = "MakeAlarms"
      Effect   = "Allow"
      Action   = ["cloudwatch:PutMetricAlarm", "cloudwatch:ListTagsForResource"]
      Resource = [local.alarms]
    },
    # With the ownership tag and no other.
    {
      Sid       = "TagAlarms"
      Effect    = "Allow"
      Action    = ["cloudwatch:TagResource"]
      Resource  = [local.alarms]
      Condition = { "ForAllValues:StringEquals" = { "aws:TagKeys" = [local.owner_tag] } }
    },
    # Only its own, whatever the code believes.
    {
      Sid       = "DeleteOwnAlarms"
      Effect    = "Allow"
      Action    = ["cloudwatch:DeleteAlarms"]
      Resource  = [local.alarms]
      Condition = { StringEquals = { "aws:ResourceTag/${local.owner_tag}" = ["onboarding"] } }
    },
  ]
}

resource "aws_iam_role" "this" {
  name                 = var.role_name
  description          = "Lets Nightjar in account ${var.suite_account} watch this account"
  permissions_boundary = var.permissions_boundary_arn
  max_session_duration = 3600

  # The account with a condition, and not the roles themselves: a role that is named must exist, and loses the trust when it is
  # replaced.
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${var.suite_account}:root" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "sts:ExternalId" = var.external_id }
        ArnEquals = {
          "aws:PrincipalArn" = [for name in local.functions : "arn:${local.partition}:iam::${var.suite_account}:role/${var.name_prefix}-${name}"]
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = "watched-by-nightjar"
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.read, [for statement in local.alarm : statement if var.manage_alarms]) })
}
