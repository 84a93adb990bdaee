# Repairs what asked for it, once, looks whether it helped, and leaves proof. The only function that changes anything outside
# the suite.
module "remediation_engine" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "remediation-engine"
  description           = "Heals instances that opted in"
  memory_mb             = local.memory_mb["remediation-engine"]
  timeout_seconds       = 60
  reserved_concurrency  = var.remediation_concurrency
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["remediation-engine"].arn

  environment = {
    REMEDIATIONS_TABLE        = aws_dynamodb_table.suite["remediations"].name
    INCIDENTS_TABLE           = aws_dynamodb_table.suite["incidents"].name
    INVENTORY_TABLE           = aws_dynamodb_table.suite["inventory"].name
    CRITICAL_ALERTS_TOPIC_ARN = aws_sns_topic.suite["critical-alerts"].arn
    REMEDIATION_MODE          = var.remediation_mode
    SECURITY_REMEDIATION_MODE = var.security_remediation_mode
    LOG_SCAN_LIMIT_MB         = var.log_scan_limit_mb
    REMEDIATE_TAG_KEY         = local.remediate_tag_key
    MAX_INCIDENT_AGE_MINUTES  = var.max_incident_age_minutes
    MIN_INSTANCE_AGE_MINUTES  = var.min_instance_age_minutes
    COOLDOWN_MINUTES          = var.cooldown_minutes
    APPROVAL_KEY_ID           = aws_kms_key.approvals.arn
    API_ENDPOINT              = aws_apigatewayv2_api.suite.api_endpoint
    CLAIM_LEASE_SECONDS       = var.claim_lease_seconds
    PUBLISH_LEASE_SECONDS     = var.publish_lease_seconds
    CONFIG_TABLE              = aws_dynamodb_table.suite["config"].name
  }

  permissions = merge(
    {
      # None of these calls takes a resource.
      Look = {
        actions = [
          "ec2:DescribeInstances", "ec2:DescribeInstanceStatus", "ec2:DescribeSnapshots", "cloudtrail:LookupEvents",
          "cloudwatch:GetMetricData", "autoscaling:DescribeAutoScalingGroups", "ssm:DescribeInstanceInformation",
          "ssm:GetCommandInvocation", "ssm:ListCommands",
        ]
        resources = ["*"]
      }
      # The user behind an attack, and its keys.
      LookAtUsers = {
        actions   = ["iam:GetUser", "iam:ListAccessKeys"]
        resources = ["arn:${local.partition}:iam::${local.account}:user/*"]
      }
      # Whether the log lines of an incident are still written: the same groups as log-analyzer-rca reads.
      ReadLogs = {
        actions   = ["logs:StartQuery", "logs:FilterLogEvents"]
        resources = local.readable_log_groups
      }
      FollowQuery = {
        actions   = ["logs:GetQueryResults", "logs:StopQuery"]
        resources = ["*"]
      }
      # Which streams of a log group are the instance's own.
      Inventory = {
        actions   = ["dynamodb:GetItem"]
        resources = [aws_dynamodb_table.suite["inventory"].arn]
      }
      Remediations = {
        actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"]
        resources = [aws_dynamodb_table.suite["remediations"].arn]
      }
      # Resolves what healed.
      Incidents = {
        actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
        resources = [aws_dynamodb_table.suite["incidents"].arn]
      }
      SignApprovals = {
        actions   = ["kms:GenerateMac"]
        resources = [aws_kms_key.approvals.arn]
      }
      Report = {
        actions   = ["sns:Publish"]
        resources = [aws_sns_topic.suite["critical-alerts"].arn]
      }
      Config = local.read_config
      Audit  = local.append_to_audit
    },
    # The opt-in, and the tag that outweighs it, stand in the policy itself, so that no mistake in the code can
    # touch another instance or group; and a suite that may not act cannot.
    { for word, grant in local.consents : "OptedIn${replace(title(replace(word, "_", " ")), " ", "")}" => {
      actions    = grant.actions
      resources  = grant.resources
      conditions = local.opted_in[word]
    } if local.remediation_acts },
    # SendCommand names the instance, bound by its tag above, and the document, bound by the list. Without a list there is none.
    { for name in ["AllowedDocuments"] : name => {
      actions    = ["ssm:SendCommand"]
      resources  = local.allowed_documents
      conditions = null
    } if local.remediation_acts && length(local.allowed_documents) > 0 },
    # A snapshot changes nothing; volumes carry no opt-in tag, so the tag it must be made with is the bound.
    { for name in ["SnapshotVolumes"] : name => {
      actions    = ["ec2:CreateSnapshot"]
      resources  = ["${local.arn.ec2}:volume/*"]
      conditions = null
    } if local.remediation_acts },
    { for name in ["TagSnapshots"] : name => {
      actions    = ["ec2:CreateSnapshot", "ec2:CreateTags"]
      resources  = ["arn:${local.partition}:ec2:${var.aws_region}::snapshot/*"]
      conditions = { "ForAllValues:StringEquals" = { "aws:TagKeys" = ["${local.prefix}:incident"] } }
    } if local.remediation_acts },
  )
}

locals {
  remediation_acts = contains(["approve", "auto"], var.remediation_mode)

  # What each word of the opt-in tag permits, on what.
  consents = { for word, grant in {
    reboot     = { actions = ["ec2:RebootInstances"], resources = ["${local.arn.ec2}:instance/*"] }
    stop_start = { actions = ["ec2:RebootInstances", "ec2:StopInstances", "ec2:StartInstances"], resources = ["${local.arn.ec2}:instance/*"] }
    # Isolating is changing the instance's security groups; EC2 authorizes that for the instance alone.
    isolate      = { actions = ["ec2:ModifyInstanceAttribute"], resources = ["${local.arn.ec2}:instance/*"] }
    ssm_document = { actions = ["ssm:SendCommand"], resources = ["${local.arn.ec2}:instance/*"] }
    asg_replace  = { actions = ["autoscaling:TerminateInstanceInAutoScalingGroup"], resources = ["${local.arn.autoscaling}:autoScalingGroup:*:autoScalingGroupName/*"] }
    scale_out    = { actions = ["autoscaling:SetDesiredCapacity"], resources = ["${local.arn.autoscaling}:autoScalingGroup:*:autoScalingGroupName/*"] }
    # A key is no resource to IAM: the user is, with its tags.
    disable_access_key = { actions = ["iam:UpdateAccessKey"], resources = ["arn:${local.partition}:iam::${local.account}:user/*"] }
  } : word => grant if word != "ssm_document" || length(var.remediation_documents) > 0 }

  # The tag holds words, separated by single spaces.
  opted_in = { for word in keys(local.consents) : word => {
    StringLike = { "aws:ResourceTag/${local.remediate_tag_key}" = [word, "${word} *", "* ${word}", "* ${word} *"] }
    Null       = { "aws:ResourceTag/${local.prefix}:never-touch" = ["true"] } # a tag that is not there
  } }

  # AWS's own documents belong to no account.
  allowed_documents = [for name in var.remediation_documents :
    "arn:${local.partition}:ssm:${var.aws_region}:${startswith(name, "AWS-") ? "" : local.account}:document/${name}"
  ]
}

# Signs approval tokens. The key never leaves KMS: the engine may sign with it, the API may check.
resource "aws_kms_key" "approvals" {
  description              = "Signs the approvals of ${local.prefix}"
  key_usage                = "GENERATE_VERIFY_MAC"
  customer_master_key_spec = "HMAC_256"
  deletion_window_in_days  = var.kms_deletion_window_days
}
