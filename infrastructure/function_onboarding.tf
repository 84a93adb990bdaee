# Finds the instances that ask to be watched, and writes them to the inventory.
module "onboarding" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "onboarding"
  description           = "Keeps the inventory of watched instances"
  memory_mb             = local.memory_mb["onboarding"]
  timeout_seconds       = 120
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["onboarding"].arn

  environment = {
    INVENTORY_TABLE    = aws_dynamodb_table.suite["inventory"].name
    MONITOR_TAG_KEY    = local.monitor_tag_key
    LOG_GROUPS_TAG_KEY = local.log_groups_tag_key
  }

  permissions = {
    # These list calls take no resource.
    Discover = {
      actions   = ["ec2:DescribeInstances", "cloudwatch:ListMetrics", "logs:DescribeLogGroups"]
      resources = ["*"]
    }
    # The only deletion in the suite: what is no longer there, or no longer asks to be watched, leaves the inventory.
    Inventory = {
      actions   = ["dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan"]
      resources = [aws_dynamodb_table.suite["inventory"].arn]
    }
    Audit = local.append_to_audit
  }
}
