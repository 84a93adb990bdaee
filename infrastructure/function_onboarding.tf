# Finds the resources that ask to be watched, writes them to the inventory, and plans or makes their alarms.
module "onboarding" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "onboarding"
  description           = "Keeps the inventory of watched resources, and their alarms"
  memory_mb             = local.memory_mb["onboarding"]
  timeout_seconds       = 300 # CloudWatch takes three alarms a second; what is left is for the next run
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["onboarding"].arn

  environment = {
    INVENTORY_TABLE    = aws_dynamodb_table.suite["inventory"].name
    CONFIG_TABLE       = aws_dynamodb_table.suite["config"].name
    COVERAGE_TABLE     = aws_dynamodb_table.suite["coverage"].name
    ROUTING_TABLE      = aws_dynamodb_table.suite["routing"].name
    MONITOR_TAG_KEY    = local.monitor_tag_key
    LOG_GROUPS_TAG_KEY = local.log_groups_tag_key
    OWNER_TAG_KEY      = var.owner_tag_key
    MANAGE_ALARMS      = var.manage_alarms
    ALARMS_MAX         = tostring(var.alarms_max)
    COMPOSITE_ALARMS   = tostring(var.composite_alarms)
    ALARMS_TOPIC_ARN   = aws_sns_topic.suite["alarms"].arn
    OPS_TOPIC_ARN      = aws_sns_topic.suite["ops"].arn
    # Digests to owners go the way of alerts.
    CRITICAL_ALERTS_TOPIC_ARN = aws_sns_topic.suite["critical-alerts"].arn
  }

  permissions = merge({
    # These list calls take no resource.
    Discover = {
      actions = [
        "ec2:DescribeInstances", "cloudwatch:ListMetrics", "logs:DescribeLogGroups", "tag:GetResources",
        "autoscaling:DescribeAutoScalingGroups",
      ]
      resources = ["*"]
    }
    # The metrics of a REST API go by its name, which its ARN does not tell.
    RestApiNames = {
      actions   = ["apigateway:GET"]
      resources = [for region in local.own_regions : "arn:${local.partition}:apigateway:${region}::/restapis/*"]
    }
    # What is no longer there, or no longer asks to be watched, leaves the inventory.
    Inventory = {
      actions   = ["dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:Scan"]
      resources = [aws_dynamodb_table.suite["inventory"].arn, aws_dynamodb_table.suite["coverage"].arn]
    }
    # The products that people named: their resources may have other thresholds.
    Products = {
      actions   = ["dynamodb:Query"]
      resources = [aws_dynamodb_table.suite["routing"].arn]
    }
    # Publishes what Terraform hands over. No update and no deletion: versions stay.
    Config = {
      actions   = ["dynamodb:Query", "dynamodb:PutItem"]
      resources = [aws_dynamodb_table.suite["config"].arn]
    }
    Audit = local.append_to_audit
  }, local.alarm_permissions, local.assume_watched_roles)
}

locals {
  alarms_of_the_suite = [for region in local.own_regions : "arn:${local.partition}:cloudwatch:${region}:${local.account}:alarm:${local.prefix}-*"]
  # As the function tags what it makes.
  alarm_owner_tag = "${local.prefix}:managed-by"

  # `plan` needs them as well: a person may have the plan carried out by hand.
  alarm_permissions = { for sid, permission in {
    # All of the region's: they count against its quota.
    ReadAlarms = {
      actions    = ["cloudwatch:DescribeAlarms"]
      resources  = ["*"]
      conditions = null
    }
    ReadAlarmTags = {
      actions    = ["cloudwatch:ListTagsForResource"]
      resources  = local.alarms_of_the_suite
      conditions = null
    }
    MakeAlarms = {
      actions    = ["cloudwatch:PutMetricAlarm"]
      resources  = local.alarms_of_the_suite
      conditions = null
    }
    # CloudWatch takes it with no narrower scope (PutCompositeAlarm, API reference); the code names only its own.
    MakeCompositeAlarms = {
      actions    = ["cloudwatch:PutCompositeAlarm"]
      resources  = ["*"]
      conditions = null
    }
    # With the ownership tag and no other.
    TagAlarms = {
      actions    = ["cloudwatch:TagResource"]
      resources  = local.alarms_of_the_suite
      conditions = { "ForAllValues:StringEquals" = { "aws:TagKeys" = [local.alarm_owner_tag] } }
    }
    # Only its own, whatever the code believes.
    DeleteOwnAlarms = {
      actions    = ["cloudwatch:DeleteAlarms"]
      resources  = local.alarms_of_the_suite
      conditions = { StringEquals = { "aws:ResourceTag/${local.alarm_owner_tag}" = ["onboarding"] } }
    }
    # Of all log groups: whose one is stands in its name, and only this finds one whose log group nobody watches any more.
    ReadMetricFilters = {
      actions    = ["logs:DescribeMetricFilters"]
      resources  = ["${local.arn.logs}:log-group:*"]
      conditions = null
    }
    # Metric filters have no tags: the code touches only those that carry the suite's name and namespace.
    MakeMetricFilters = {
      actions    = ["logs:PutMetricFilter", "logs:DeleteMetricFilter"]
      resources  = ["${local.arn.logs}:log-group:*"]
      conditions = null
    }
    # When coverage falls, whoever answers for the resources is told.
    TellOwners = {
      actions    = ["sns:Publish"]
      resources  = [aws_sns_topic.suite["critical-alerts"].arn]
      conditions = null
    }
  } : sid => permission if var.manage_alarms != "off" && (sid != "MakeCompositeAlarms" || var.composite_alarms) }
}
