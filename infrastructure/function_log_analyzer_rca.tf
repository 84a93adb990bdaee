# Reads what surrounds an anomaly or an alarm, names the likely cause, and keeps the incident until all is calm. Watches logs
# where no metric moves.
module "log_analyzer_rca" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "log-analyzer-rca"
  description           = "Finds the cause of an anomaly in the logs"
  memory_mb             = local.memory_mb["log-analyzer-rca"]
  timeout_seconds       = 120
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["log-analyzer-rca"].arn

  environment = {
    INVENTORY_TABLE            = aws_dynamodb_table.suite["inventory"].name
    INCIDENTS_TABLE            = aws_dynamodb_table.suite["incidents"].name
    FINGERPRINTS_TABLE         = aws_dynamodb_table.suite["fingerprints"].name
    SERIES_TABLE               = aws_dynamodb_table.suite["series"].name
    LOG_WATCH_TABLE            = aws_dynamodb_table.suite["log-watch"].name
    CONFIG_TABLE               = aws_dynamodb_table.suite["config"].name
    ANOMALIES_TOPIC_ARN        = aws_sns_topic.suite["anomalies"].arn
    INCIDENT_CHANGES_TOPIC_ARN = aws_sns_topic.suite["incident-changes"].arn
    CRITICAL_ALERTS_TOPIC_ARN  = aws_sns_topic.suite["critical-alerts"].arn
    LOG_WINDOW_MINUTES         = var.log_window_minutes
    GATHER_DEADLINE_SECONDS    = var.gather_deadline_seconds
    LOG_SCAN_LIMIT_MB          = var.log_scan_limit_mb
    RESOLVE_AFTER_PERIODS      = var.resolve_after_periods
    LOG_WATCH_LIMIT_MB         = var.log_watch_limit_mb
    GROUP_TAGS                 = join(" ", var.group_tags)
    INCIDENT_RETENTION_DAYS    = var.incident_retention_days
    PUBLISH_LEASE_SECONDS      = var.publish_lease_seconds
  }

  permissions = merge({
    ReadLogs = {
      actions   = ["logs:StartQuery", "logs:FilterLogEvents"]
      resources = local.readable_log_groups_of_all_regions
    }
    # Neither a metric nor CloudTrail's history is a resource to IAM, and what describes instances takes none.
    Surroundings = {
      actions = [
        "cloudwatch:GetMetricData", "cloudtrail:LookupEvents", "ec2:DescribeInstances", "ec2:DescribeInstanceStatus",
      ]
      resources = ["*"]
    }
    # A running query is no resource.
    FollowQuery = {
      actions   = ["logs:GetQueryResults", "logs:StopQuery"]
      resources = ["*"]
    }
    Inventory = {
      actions   = ["dynamodb:GetItem", "dynamodb:Scan"] # the siblings of a resource
      resources = [aws_dynamodb_table.suite["inventory"].arn]
    }
    Incidents = {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.suite["incidents"].arn]
    }
    History = {
      actions   = ["dynamodb:Query"]
      resources = ["${aws_dynamodb_table.suite["incidents"].arn}/index/*"]
    }
    Fingerprints = {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Scan"]
      resources = [aws_dynamodb_table.suite["fingerprints"].arn]
    }
    # How long each series has been calm.
    Series = {
      actions   = ["dynamodb:BatchGetItem"]
      resources = [aws_dynamodb_table.suite["series"].arn]
    }
    LogWatch = {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
      resources = [aws_dynamodb_table.suite["log-watch"].arn]
    }
    Announce = {
      actions   = ["sns:Publish"]
      resources = [for topic in ["anomalies", "critical-alerts", "incident-changes"] : aws_sns_topic.suite[topic].arn]
    }
    Config = local.read_config
    Audit  = local.append_to_audit
  }, local.assume_watched_roles, local.read_quiet_alarms)
}
