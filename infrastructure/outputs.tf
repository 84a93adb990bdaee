output "api_endpoint" {
  description = "Address of the HTTP API."
  value       = aws_apigatewayv2_api.suite.api_endpoint
}

output "live_endpoint" {
  description = "Address of the WebSocket API."
  value       = local.live_url
}

output "sign_in" {
  description = "What a client needs to sign in: nightjar login reads it, and the page. Null unless api_authorization is JWT."
  value = local.has_users ? {
    user_pool_id = one(aws_cognito_user_pool.users[*].id)
    client_id    = one(aws_cognito_user_pool_client.people[*].id)
    region       = var.aws_region
    first_admin  = local.admin_email
  } : null
}

output "machine_clients" {
  description = "Ids and secrets of the machine clients, and where they fetch their tokens."
  sensitive   = true
  value = { for name, client in aws_cognito_user_pool_client.machines : name => {
    client_id = client.id
    secret    = client.client_secret
    token_url = "https://${one(aws_cognito_user_pool_domain.users[*].domain)}.auth.${var.aws_region}.amazoncognito.com/oauth2/token"
    scope     = "nightjar/${var.machine_clients[name]}"
  } }
}

output "target_ec2_instance_id" {
  description = "The instance to try the system on; null without create_target_instance."
  value       = one(aws_instance.target[*].id)
}

output "target_log_group" {
  description = "Log group of that instance; null without create_target_instance."
  value       = one(aws_cloudwatch_log_group.target[*].name)
}

output "topic_arns" {
  description = "SNS topics by purpose."
  value       = { for name, topic in aws_sns_topic.suite : name => topic.arn }
}

output "table_names" {
  description = "DynamoDB tables by purpose."
  value       = { for name, table in aws_dynamodb_table.suite : name => table.name }
}

output "function_names" {
  description = "Lambda functions by purpose."
  value       = { for name, function in local.modules : name => function.name }
}

output "dead_letter_queue_urls" {
  description = "Dead-letter queues by function."
  value       = { for name, queue in aws_sqs_queue.dead_letters : name => queue.url }
}

output "audit_anchors_bucket" {
  description = "Bucket with the signed anchors of the audit trail."
  value       = aws_s3_bucket.anchors.bucket
}

output "dashboard_url" {
  description = "The suite's page in CloudWatch."
  value       = "https://${var.aws_region}.console.aws.amazon.com/cloudwatch/home?region=${var.aws_region}#dashboards/dashboard/${aws_cloudwatch_dashboard.suite.dashboard_name}"
}

output "next_steps" {
  description = "What only a person can do now."
  value = join("\n", compact([
    "Confirm the two AWS Notification e-mails sent to ${var.alert_email}: no alert arrives before.",
    local.has_users ? "Sign in as ${local.admin_email} with the temporary password that Cognito mails: nightjar login." : "",
    "Tag instances to watch with ${local.monitor_tag_key} = true and ${local.log_groups_tag_key} = <their log groups>.",
    {
      off     = "Remediation is off."
      dry_run = "Remediation is dry_run: it records what it would do."
      approve = "Remediation asks first: answer with `nightjar approvals approve`. It touches instances tagged ${local.remediate_tag_key} = reboot."
      auto    = "Instances tagged ${local.remediate_tag_key} = reboot WILL be rebooted on a critical incident."
    }[var.remediation_mode],
    var.api_authorization == "NONE" ? "The API answers anyone: set api_authorization = \"JWT\" before real incidents are in it." : "",
  ]))
}

output "alert_secret_references" {
  description = "Where the channels' secrets are, by name: what the routes refer to."
  value       = local.alert_secret_references
}
