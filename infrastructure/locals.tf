locals {
  prefix    = var.name_prefix
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition

  # Every resource says where it comes from, for cost reports and for whoever finds it in the console.
  tags = merge(var.tags, {
    Project    = "nightjar"
    NamePrefix = local.prefix
    ManagedBy  = "terraform"
  })

  # ARNs of things of this account and region: "${local.arn.logs}:log-group:…".
  arn = { for service in ["autoscaling", "cloudwatch", "ec2", "events", "logs", "sns", "sqs"] :
    service => "arn:${local.partition}:${service}:${var.aws_region}:${local.account}"
  }

  monitor_tag_key    = coalesce(var.monitor_tag_key, "${local.prefix}:monitor")
  log_groups_tag_key = coalesce(var.log_groups_tag_key, "${local.prefix}:log-groups")
  remediate_tag_key  = coalesce(var.remediate_tag_key, "${local.prefix}:remediate")

  dead_letter_arn_format = "${local.arn.sqs}:%s-dlq"

  functions = [
    "onboarding", "anomaly-detector", "log-analyzer-rca", "alert-handler", "remediation-engine", "api", "model-trainer",
    "audit-anchor", "realtime", "security-monitor",
  ]

  modules = {
    onboarding         = module.onboarding
    anomaly-detector   = module.anomaly_detector
    log-analyzer-rca   = module.log_analyzer_rca
    alert-handler      = module.alert_handler
    remediation-engine = module.remediation_engine
    api                = module.api
    audit-anchor       = module.audit_anchor
    model-trainer      = module.model_trainer
    realtime           = module.realtime
    security-monitor   = module.security_monitor
  }

  # What every function has in common; modules/function takes it as one object.
  suite = {
    name_prefix              = local.prefix
    architecture             = var.architecture
    packages_dir             = coalesce(var.packages_dir, "${path.module}/../target/lambda-packages/${var.architecture}")
    aws_region               = var.aws_region
    kms_key_arn              = aws_kms_key.suite.arn
    log_retention_days       = var.log_retention_days
    log_level                = var.log_level
    tracing                  = var.tracing
    permissions_boundary_arn = var.permissions_boundary_arn
    audit_table              = aws_dynamodb_table.suite["audit"].name
    audit_table_arn          = aws_dynamodb_table.suite["audit"].arn
    dead_letter_arn_format   = local.dead_letter_arn_format
  }

  # Training is arithmetic, security rules are compiled at every cold start, and memory buys CPU; all others wait for AWS most
  # of their time.
  busy      = { model-trainer = 1024, security-monitor = 512 }
  memory_mb = { for name in local.functions : name => lookup(var.function_memory_mb, name, lookup(local.busy, name, 256)) }

  # Which log groups belong to an instance is said by its tag, so the default reaches all of the account. IAM knows a group by two
  # ARNs: the bare one, and one ending in `:*` for what reads its streams.
  readable_log_groups = flatten([for pattern in var.readable_log_groups : [
    "${local.arn.logs}:log-group:${pattern}",
    "${local.arn.logs}:log-group:${pattern}:*",
  ]])

  # Appending to the hash chain: read the newest entry, put the next one on the condition that its place is free.
  # No update and no delete: modules/function denies them to every role. IAM cannot demand the condition, so a put could still
  # replace an entry: the chain and the anchors would show it.
  append_to_audit = {
    actions   = ["dynamodb:Query", "dynamodb:PutItem"]
    resources = [aws_dynamodb_table.suite["audit"].arn]
  }
}
