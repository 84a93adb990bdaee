locals {
  function_name = "${var.suite.name_prefix}-${var.name}"
  package       = "${var.suite.packages_dir}/${var.name}.zip"

  environment = merge(
    { NAME_PREFIX = var.suite.name_prefix, AUDIT_TABLE = var.suite.audit_table },
    { for name, value in var.environment : name => value if value != null },
  )
}

resource "aws_lambda_function" "this" {
  function_name = local.function_name
  description   = var.description
  role          = aws_iam_role.this.arn

  runtime          = "provided.al2023"
  handler          = "bootstrap"
  architectures    = [var.suite.architecture]
  filename         = local.package
  source_code_hash = fileexists(local.package) ? filebase64sha256(local.package) : null

  memory_size                    = var.memory_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = var.reserved_concurrency == null ? -1 : var.reserved_concurrency # -1: none
  kms_key_arn                    = var.suite.kms_key_arn

  environment {
    variables = local.environment
  }

  logging_config {
    log_group             = aws_cloudwatch_log_group.this.name
    log_format            = "JSON"
    application_log_level = var.suite.log_level
    system_log_level      = "INFO" # keeps the REPORT record: what each invocation took
  }

  tracing_config {
    mode = var.suite.tracing ? "Active" : "PassThrough"
  }

  lifecycle {
    # AWS would refuse it as well, but only in the middle of an apply.
    precondition {
      condition     = length(jsonencode(local.environment)) <= 4096
      error_message = "The environment of ${local.function_name} exceeds the 4 KB that Lambda allows."
    }

    precondition {
      condition     = fileexists(local.package)
      error_message = "There is no ${local.package}. Build it with: scripts/package.sh --arch ${var.suite.architecture} ${var.name}"
    }
  }

  # Otherwise the first invocations may run before the role is allowed to do its work.
  depends_on = [aws_iam_role_policy.this]
}

# Two more attempts after the first, the last within an hour; what still fails is kept, not dropped.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 3600

  destination_config {
    on_failure {
      destination = var.dead_letter_queue_arn
    }
  }
}

# Made here and not by Lambda, whose own would keep everything for ever, unencrypted.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.suite.log_retention_days
  kms_key_id        = var.suite.kms_key_arn
}
