# One key for the suite. The key that AWS manages for SNS cannot be used by CloudWatch alarms, so their
# messages to an encrypted topic would vanish; a key of our own can name the services that may use it.
resource "aws_kms_key" "suite" {
  description             = "Nightjar ${local.prefix}: topics, tables, queues and logs"
  enable_key_rotation     = true
  deletion_window_in_days = var.kms_deletion_window_days

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Without this nobody could manage the key again; who may do what is then up to IAM.
        Sid       = "AccountThroughIam"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        # Alarms publish to encrypted topics; SNS and EventBridge put what they could not deliver into encrypted queues.
        # SQS, DynamoDB and Lambda use the key in the name of the calling role and need no entry here.
        Sid       = "ServicesOfThisAccount"
        Effect    = "Allow"
        Principal = { Service = ["cloudwatch.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com"] }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
      {
        Sid       = "LogGroupsOfTheSuite"
        Effect    = "Allow"
        Principal = { Service = "logs.${var.aws_region}.amazonaws.com" }
        Action    = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
        Resource  = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = [
              "${local.arn.logs}:log-group:/aws/lambda/${local.prefix}-*",
              "${local.arn.logs}:log-group:/aws/vendedlogs/${local.prefix}-*",
              "${local.arn.logs}:log-group:/${local.prefix}/*",
            ]
          }
        }
      },
    ]
  })
}

resource "aws_kms_alias" "suite" {
  name          = "alias/${local.prefix}"
  target_key_id = aws_kms_key.suite.key_id
}
