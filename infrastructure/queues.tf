# One dead-letter queue per function, and one alarm on each: a message in here is work that was not done.
# `nightjar dlq redrive` puts it back.
resource "aws_sqs_queue" "dead_letters" {
  for_each = toset(local.functions)

  name                      = "${local.prefix}-${each.key}-dlq"
  kms_master_key_id         = aws_kms_key.suite.arn
  message_retention_seconds = 14 * 24 * 3600 # the longest SQS allows

  # Lambda delivers with the function's own role. SNS and EventBridge deliver as services, for this suite only.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "UndeliverableMessages"
      Effect    = "Allow"
      Principal = { Service = ["sns.amazonaws.com", "events.amazonaws.com"] }
      Action    = "sqs:SendMessage"
      Resource  = format(local.dead_letter_arn_format, "${local.prefix}-${each.key}")
      Condition = {
        ArnLike = {
          "aws:SourceArn" = [
            "${local.arn.sns}:${local.prefix}-*",
            "${local.arn.events}:rule/${local.prefix}-*",
          ]
        }
      }
    }]
  })
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = aws_sqs_queue.dead_letters

  alarm_name        = "${each.value.name}-not-empty"
  alarm_description = "${local.prefix}-${each.key} could not finish what is in ${each.value.name}. Look at its log group, then: nightjar dlq redrive"

  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching" # SQS stops reporting an empty queue that nobody touches

  alarm_actions = [aws_sns_topic.suite["ops"].arn]
}
