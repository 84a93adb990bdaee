# Tells people: who, when and through which channel, config/alert_routes.json says. The e-mail of every critical alert goes
# out through SNS itself.
module "alert_handler" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "alert-handler"
  description           = "Routes critical alerts to people"
  memory_mb             = local.memory_mb["alert-handler"]
  timeout_seconds       = 60
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["alert-handler"].arn

  environment = {
    NOTIFICATIONS_TABLE = aws_dynamodb_table.suite["notifications"].name
    # Where the values are, not the values.
    SLACK_WEBHOOK_URL     = lookup(local.alert_secret_references, "slack-webhook-url", null)
    WEBHOOK_URL           = lookup(local.alert_secret_references, "webhook-url", null)
    WEBHOOK_SECRET        = lookup(local.alert_secret_references, "webhook-secret", null)
    PUBLISH_LEASE_SECONDS = var.publish_lease_seconds
    ALERT_GROUPS_TABLE    = aws_dynamodb_table.suite["alert-groups"].name
    SILENCES_TABLE        = aws_dynamodb_table.suite["silences"].name
    CONFIG_TABLE          = aws_dynamodb_table.suite["config"].name
    ROUTING_TABLE         = aws_dynamodb_table.suite["routing"].name
    INVENTORY_TABLE       = aws_dynamodb_table.suite["inventory"].name
    DEAD_LETTER_QUEUE_URL = aws_sqs_queue.dead_letters["alert-handler"].url
    LINK_BASE             = var.incident_link_base
  }

  permissions = {
    Notifications = {
      actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.suite["notifications"].arn]
    }
    # Groups are read by their partition, by what is due, and all of them when a silence ends; an alert that was told and is over is deleted.
    Groups = {
      actions = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query", "dynamodb:Scan"]
      resources = [
        aws_dynamodb_table.suite["alert-groups"].arn,
        "${aws_dynamodb_table.suite["alert-groups"].arn}/index/*",
      ]
    }
    # A silence that has ended is marked once its alerts have been woken.
    Silences = {
      actions   = ["dynamodb:Scan", "dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.suite["silences"].arn]
    }
    Routing = {
      actions   = ["dynamodb:Query"]
      resources = [aws_dynamodb_table.suite["routing"].arn]
    }
    # The tags of a resource, where a route looks at them.
    Inventory = {
      actions   = ["dynamodb:GetItem"]
      resources = [aws_dynamodb_table.suite["inventory"].arn]
    }
    # What channels of the routes refer to by name: secrets below <prefix>/, and topics named after the suite.
    ChannelSecrets = {
      actions   = ["ssm:GetParameter"]
      resources = ["arn:${local.partition}:ssm:${var.aws_region}:${local.account}:parameter/${local.prefix}/*"]
    }
    ChannelSecretsInSecretsManager = {
      actions   = ["secretsmanager:GetSecretValue"]
      resources = ["arn:${local.partition}:secretsmanager:${var.aws_region}:${local.account}:secret:${local.prefix}/*"]
    }
    ChannelTopics = {
      actions   = ["sns:Publish"]
      resources = ["${local.arn.sns}:${local.prefix}-notify-*"]
    }
    Config = local.read_config
    Audit  = local.append_to_audit
  }
}
