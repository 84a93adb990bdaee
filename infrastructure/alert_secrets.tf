# What channels need to know and nobody may read. The function is told where each value is, and reads it when it needs it.
locals {
  alert_secrets = merge(var.alert_secrets, { for name, value in {
    slack-webhook-url = var.slack_webhook_url
    webhook-url       = var.webhook_url
    webhook-secret    = var.webhook_secret
  } : name => value if value != null })

  # The names are no secret, and Terraform wants to know them to plan.
  alert_secret_names = nonsensitive(toset(keys(local.alert_secrets)))

  alert_secret_references = var.alert_secret_store == "ssm" ? {
    for name, parameter in aws_ssm_parameter.alert : name => "ssm:${parameter.name}"
    } : {
    for name, secret in aws_secretsmanager_secret.alert : name => "secretsmanager:${secret.name}"
  }
}

resource "aws_ssm_parameter" "alert" {
  for_each = var.alert_secret_store == "ssm" ? local.alert_secret_names : toset([])

  name        = "/${local.prefix}/alerts/${each.key}"
  description = "Read by ${local.prefix}-alert-handler"
  type        = "SecureString"
  key_id      = aws_kms_key.suite.arn
  value       = local.alert_secrets[each.key]
}

resource "aws_secretsmanager_secret" "alert" {
  for_each = var.alert_secret_store == "secretsmanager" ? local.alert_secret_names : toset([])

  name        = "${local.prefix}/alerts/${each.key}"
  description = "Read by ${local.prefix}-alert-handler"
  kms_key_id  = aws_kms_key.suite.arn
  # The value is Terraform's and can be put again; a name that waits to be recovered could not be used for days.
  recovery_window_in_days = 0
}

resource "aws_secretsmanager_secret_version" "alert" {
  for_each = aws_secretsmanager_secret.alert

  secret_id     = each.value.id
  secret_string = local.alert_secrets[each.key]
}
