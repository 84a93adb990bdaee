# Judges CloudTrail's events by the security rules, and opens an incident per attack.
module "security_monitor" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "security-monitor"
  description           = "Finds attacks in CloudTrail's events"
  memory_mb             = local.memory_mb["security-monitor"]
  timeout_seconds       = 300 # a sweep begins no new slice after three minutes
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["security-monitor"].arn

  environment = {
    SECURITY_TABLE            = aws_dynamodb_table.suite["security"].name
    INCIDENTS_TABLE           = aws_dynamodb_table.suite["incidents"].name
    CRITICAL_ALERTS_TOPIC_ARN = aws_sns_topic.suite["critical-alerts"].arn
    CONFIG_TABLE              = aws_dynamodb_table.suite["config"].name
    SECURITY_SEVERITY         = var.security_severity
    INCIDENT_RETENTION_DAYS   = var.incident_retention_days
    PUBLISH_LEASE_SECONDS     = var.publish_lease_seconds
  }

  permissions = {
    # CloudTrail's history is no resource to IAM.
    History = {
      actions   = ["cloudtrail:LookupEvents"]
      resources = ["*"]
    }
    # No deletion: what is no longer needed expires.
    Memory = {
      actions   = ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.suite["security"].arn]
    }
    Incidents = {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.suite["incidents"].arn]
    }
    Announce = {
      actions   = ["sns:Publish"]
      resources = [aws_sns_topic.suite["critical-alerts"].arn]
    }
    Config = local.read_config
    Audit  = local.append_to_audit
  }
}

locals {
  # What services do with keys on everybody's behalf comes by the thousand and says nothing; refused, it does.
  routine_key_use = ["Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncrypt"]

  security_rules = {
    security-monitor-cloudtrail = {
      description = "Judge what people and programs do in the account"
      pattern = {
        detail-type = ["AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail", "AWS Service Event via CloudTrail"]
        detail = {
          "$or" = [
            { eventName = [{ anything-but = local.routine_key_use }] },
            { errorCode = [{ exists = true }] },
          ]
        }
      }
      # Discovery shows in what is only read. EventBridge leaves that out unless a rule's state asks for it.
      state    = var.security_read_only_events ? "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS" : "ENABLED"
      target   = "security-monitor"
      function = module.security_monitor
    }
    security-monitor-schedule = {
      description = "Judge what EventBridge did not bring"
      schedule    = "rate(15 minutes)"
      target      = "security-monitor"
      function    = module.security_monitor
    }
  }
}
