locals {
  # What every function needs: write its own logs, park its own failures, and use the key through the
  # services that encrypt with it (never directly).
  base_permissions = {
    OwnLogs = {
      actions    = ["logs:CreateLogStream", "logs:PutLogEvents"]
      resources  = ["${aws_cloudwatch_log_group.this.arn}:*"]
      conditions = null
    }
    # Written from the name and not from the queue: else every function would wait half a minute for SQS.
    OwnDeadLetters = {
      actions    = ["sqs:SendMessage"]
      resources  = [format(var.suite.dead_letter_arn_format, local.function_name)]
      conditions = null
    }
    KeyThroughServices = {
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [var.suite.kms_key_arn]
      conditions = {
        StringLike = { "kms:ViaService" = "*.${var.suite.aws_region}.amazonaws.com" }
      }
    }
  }

  # X-Ray takes no resource.
  tracing_permissions = { for on in [var.suite.tracing] : "Traces" => {
    actions    = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    resources  = ["*"]
    conditions = null
  } if on }

  # Allowed to nobody, and denied besides: a permission that is added by mistake, here or in another policy of the role, must
  # not open the audit trail. Expiry is DynamoDB's own act and needs no permission.
  denied = {
    AuditTrailIsNeverChanged = {
      actions = [
        "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem",
        "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete", "dynamodb:PartiQLInsert",
        "dynamodb:DeleteTable", "dynamodb:UpdateTimeToLive",
      ]
      resources = [var.suite.audit_table_arn]
    }
  }

  permissions = merge(local.base_permissions, local.tracing_permissions, var.permissions)
}

resource "aws_iam_role" "this" {
  name                 = local.function_name
  description          = "Execution role of ${local.function_name}"
  permissions_boundary = var.suite.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "function"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for sid, permission in local.permissions : merge(
        {
          Sid      = sid
          Effect   = "Allow"
          Action   = permission.actions
          Resource = permission.resources
        },
        permission.conditions == null ? {} : { Condition = permission.conditions },
      )],
      [for sid, denial in local.denied : {
        Sid      = sid
        Effect   = "Deny"
        Action   = denial.actions
        Resource = denial.resources
      }],
    )
  })
}
