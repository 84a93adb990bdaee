# Tells Slack and any other system that listens. The e-mail goes out through SNS itself.
module "alert_handler" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "alert-handler"
  description           = "Sends critical alerts to Slack and webhooks"
  memory_mb             = local.memory_mb["alert-handler"]
  timeout_seconds       = 60
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["alert-handler"].arn

  environment = {
    NOTIFICATIONS_TABLE   = aws_dynamodb_table.suite["notifications"].name
    SLACK_WEBHOOK_URL     = var.slack_webhook_url
    WEBHOOK_URL           = var.webhook_url
    WEBHOOK_SECRET        = var.webhook_secret
    PUBLISH_LEASE_SECONDS = var.publish_lease_seconds
  }

  permissions = {
    Notifications = {
      actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.suite["notifications"].arn]
    }
    Audit = local.append_to_audit
  }
}
