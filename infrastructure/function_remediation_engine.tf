# Reboots what asked for it, once, and leaves proof. The only function that changes anything outside the suite.
module "remediation_engine" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "remediation-engine"
  description           = "Heals instances that opted in"
  memory_mb             = local.memory_mb["remediation-engine"]
  timeout_seconds       = 60
  reserved_concurrency  = var.remediation_concurrency
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["remediation-engine"].arn

  environment = {
    REMEDIATIONS_TABLE        = aws_dynamodb_table.suite["remediations"].name
    CRITICAL_ALERTS_TOPIC_ARN = aws_sns_topic.suite["critical-alerts"].arn
    REMEDIATION_MODE          = var.remediation_mode
    REMEDIATE_TAG_KEY         = local.remediate_tag_key
    MAX_INCIDENT_AGE_MINUTES  = var.max_incident_age_minutes
    COOLDOWN_MINUTES          = var.cooldown_minutes
    CLAIM_LEASE_SECONDS       = var.claim_lease_seconds
    PUBLISH_LEASE_SECONDS     = var.publish_lease_seconds
  }

  permissions = merge(
    {
      # Neither call takes a resource.
      Look = {
        actions   = ["ec2:DescribeInstances", "cloudtrail:LookupEvents"]
        resources = ["*"]
      }
      Remediations = {
        actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        resources = [aws_dynamodb_table.suite["remediations"].arn]
      }
      Report = {
        actions   = ["sns:Publish"]
        resources = [aws_sns_topic.suite["critical-alerts"].arn]
      }
      Audit = local.append_to_audit
    },
    # The opt-in, and the tag that outweighs it, stand in the policy itself, so that no mistake in the code can
    # reboot another instance; and a suite that may not act cannot.
    { for mode in [var.remediation_mode] : "RebootOptedIn" => {
      actions   = ["ec2:RebootInstances"]
      resources = ["${local.arn.ec2}:instance/*"]
      conditions = {
        StringEquals = { "aws:ResourceTag/${local.remediate_tag_key}" = "reboot" }
        Null         = { "aws:ResourceTag/${local.prefix}:never-touch" = "true" } # a tag that is not there
      }
    } if mode == "auto" },
  )
}
