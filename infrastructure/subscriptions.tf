locals {
  # Who listens to what. The filter keeps the engine's own reports about a remediation from starting another one.
  listeners = {
    log-analyzer-rca        = { topic = "anomalies", name = "log-analyzer-rca", function = module.log_analyzer_rca, kinds = null }
    log-analyzer-rca-alarms = { topic = "alarms", name = "log-analyzer-rca", function = module.log_analyzer_rca, kinds = null }
    alert-handler           = { topic = "critical-alerts", name = "alert-handler", function = module.alert_handler, kinds = null }
    alert-handler-changes   = { topic = "incident-changes", name = "alert-handler", function = module.alert_handler, kinds = null }
    remediation-engine      = { topic = "critical-alerts", name = "remediation-engine", function = module.remediation_engine, kinds = ["incident"] }
  }
}

resource "aws_sns_topic_subscription" "function" {
  for_each = local.listeners

  topic_arn     = aws_sns_topic.suite[each.value.topic].arn
  protocol      = "lambda"
  endpoint      = each.value.function.arn
  filter_policy = each.value.kinds == null ? null : jsonencode({ kind = each.value.kinds })

  # For what SNS could not hand over at all. What the function took and could not finish goes
  # the other way to the same queue: retries, then the function's on-failure destination.
  redrive_policy = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead_letters[each.value.name].arn })

  depends_on = [aws_lambda_permission.sns]
}

resource "aws_lambda_permission" "sns" {
  for_each = local.listeners

  statement_id  = "sns-${each.value.topic}"
  action        = "lambda:InvokeFunction"
  function_name = each.value.function.name
  principal     = "sns.amazonaws.com"
  source_arn    = aws_sns_topic.suite[each.value.topic].arn
}

# AWS asks the owner of the address to confirm each subscription; Terraform cannot wait for a person.
resource "aws_sns_topic_subscription" "email" {
  for_each = toset(["critical-alerts", "ops"])

  topic_arn = aws_sns_topic.suite[each.key].arn
  protocol  = "email"
  endpoint  = var.alert_email
}
