locals {
  topics = {
    anomalies        = "Anomalies, from the detector to the root-cause analysis"
    alarms           = "Threshold alarms of CloudWatch, to the root-cause analysis"
    critical-alerts  = "Incidents that a person or the remediation should see now"
    incident-changes = "What becomes of incidents: acknowledged, suppressed, resolved"
    ops              = "Trouble of the suite itself: dead letters"
  }
}

resource "aws_sns_topic" "suite" {
  for_each = local.topics

  name              = "${local.prefix}-${each.key}"
  kms_master_key_id = aws_kms_key.suite.arn
  signature_version = 2

  # AWS's default policy lets every principal of the account publish. This one leaves that to IAM, and
  # adds the alarms where they speak.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "AccountThroughIam"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action = [
          "sns:GetTopicAttributes", "sns:SetTopicAttributes", "sns:DeleteTopic",
          "sns:Subscribe", "sns:ListSubscriptionsByTopic", "sns:Publish",
        ]
        Resource = "${local.arn.sns}:${local.prefix}-${each.key}"
      }],
      [for topic in [each.key] : {
        Sid       = "AlarmsOfTheSuite"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["sns:Publish"]
        Resource  = "${local.arn.sns}:${local.prefix}-${each.key}"
        Condition = {
          StringEquals = { "aws:SourceAccount" = local.account }
          ArnLike      = { "aws:SourceArn" = "${local.arn.cloudwatch}:alarm:${local.prefix}-*" }
        }
      } if contains(["ops", "alarms"], topic)],
    )
  })

  tags = { Purpose = each.value }
}
