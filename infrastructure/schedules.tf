locals {
  rules = merge({
    onboarding-schedule = {
      description = "Look for resources to watch"
      schedule    = "rate(15 minutes)"
      target      = "onboarding"
      function    = module.onboarding
    }
    onboarding-ec2-state = {
      description = "Look at once when an instance comes or goes"
      pattern = {
        source      = ["aws.ec2"]
        detail-type = ["EC2 Instance State-change Notification"]
        detail      = { state = ["running", "stopped", "terminated"] }
      }
      target   = "onboarding"
      function = module.onboarding
    }
    alert-handler-schedule = {
      description = "Send what is due: groups, repeats, escalations, ended silences"
      schedule    = "rate(1 minute)"
      target      = "alert-handler"
      function    = module.alert_handler
    }
    onboarding-tags = {
      description = "Look at once when a tag changes that says what to watch, and how"
      pattern = {
        source      = ["aws.tag"]
        detail-type = ["Tag Change on Resource"]
        detail = {
          changed-tag-keys = [local.monitor_tag_key, local.log_groups_tag_key, { prefix = "${local.prefix}:" }]
          service          = [{ anything-but = ["cloudwatch"] }] # the alarms' own tags
        }
      }
      target   = "onboarding"
      function = module.onboarding
    }
    anomaly-detector-schedule = {
      description = "Judge the newest datapoints"
      schedule    = "rate(5 minutes)" # EC2's basic monitoring brings one point every five minutes
      target      = "anomaly-detector"
      function    = module.anomaly_detector
    }
    log-analyzer-rca-schedule = {
      description = "End what is over, and watch the logs"
      schedule    = "rate(5 minutes)"
      target      = "log-analyzer-rca"
      function    = module.log_analyzer_rca
    }
    audit-anchor-schedule = {
      description = "Anchor the audit trail"
      schedule    = "rate(1 hour)"
      target      = "audit-anchor"
      function    = module.audit_anchor
    }
    remediation-engine-schedule = {
      description = "Take up approvals, and look whether repairs helped"
      schedule    = "rate(1 minute)"
      target      = "remediation-engine"
      function    = module.remediation_engine
    }
    }, { for schedule in compact([var.training_schedule]) : "model-trainer-schedule" => {
      description = "Train the detector's models anew"
      schedule    = schedule
      target      = "model-trainer"
      function    = module.model_trainer
    }
  }, local.security_rules)
}

resource "aws_cloudwatch_event_rule" "suite" {
  for_each = local.rules

  name                = "${local.prefix}-${each.key}"
  description         = each.value.description
  schedule_expression = try(each.value.schedule, null)
  event_pattern       = can(each.value.pattern) ? jsonencode(each.value.pattern) : null
  state               = try(each.value.state, "ENABLED")
}

resource "aws_cloudwatch_event_target" "suite" {
  for_each = local.rules

  rule      = aws_cloudwatch_event_rule.suite[each.key].name
  target_id = each.value.target
  arn       = each.value.function.arn

  # For events that could not be handed to the function at all.
  dead_letter_config {
    arn = aws_sqs_queue.dead_letters[each.value.target].arn
  }

  # Later than this the next run has long made up for it.
  retry_policy {
    maximum_event_age_in_seconds = 900
    maximum_retry_attempts       = 4
  }
}

resource "aws_lambda_permission" "events" {
  for_each = local.rules

  statement_id  = each.key
  action        = "lambda:InvokeFunction"
  function_name = each.value.function.name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.suite[each.key].arn
}
