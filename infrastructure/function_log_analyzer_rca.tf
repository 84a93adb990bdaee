# Reads the logs around an anomaly, names the likely cause, and keeps the incident.
module "log_analyzer_rca" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "log-analyzer-rca"
  description           = "Finds the cause of an anomaly in the logs"
  memory_mb             = local.memory_mb["log-analyzer-rca"]
  timeout_seconds       = 120
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["log-analyzer-rca"].arn

  environment = {
    INVENTORY_TABLE           = aws_dynamodb_table.suite["inventory"].name
    INCIDENTS_TABLE           = aws_dynamodb_table.suite["incidents"].name
    CRITICAL_ALERTS_TOPIC_ARN = aws_sns_topic.suite["critical-alerts"].arn
    EVIDENCE_SEVERITY         = var.evidence_severity
    CRITICAL_SCORE            = var.critical_score
    LOG_WINDOW_MINUTES        = var.log_window_minutes
    GATHER_DEADLINE_SECONDS   = var.gather_deadline_seconds
    LOG_SCAN_LIMIT_MB         = var.log_scan_limit_mb
    GROUP_TAGS                = join(" ", var.group_tags)
    INCIDENT_RETENTION_DAYS   = var.incident_retention_days
    PUBLISH_LEASE_SECONDS     = var.publish_lease_seconds
  }

  permissions = {
    # Which log groups belong to an instance is said by its tag, so the default reaches all of the account.
    ReadLogs = {
      actions   = ["logs:StartQuery", "logs:FilterLogEvents"]
      resources = [for pattern in var.readable_log_groups : "${local.arn.logs}:log-group:${pattern}"]
    }
    # Neither a metric nor CloudTrail's history is a resource to IAM.
    Surroundings = {
      actions   = ["cloudwatch:GetMetricData", "cloudtrail:LookupEvents"]
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
    Announce = {
      actions   = ["sns:Publish"]
      resources = [aws_sns_topic.suite["critical-alerts"].arn]
    }
    Audit = local.append_to_audit
  }
}
