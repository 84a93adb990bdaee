# Answers questions about incidents and the audit trail, and takes what people say of incidents, which moves the bar of their series,
# and what they decide about repairs, which it only notes: it can repair nothing.
module "api" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "api"
  description           = "HTTP API over the incidents and the audit trail"
  memory_mb             = local.memory_mb["api"]
  timeout_seconds       = 29 # an HTTP API gives up after 30
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["api"].arn

  environment = {
    INCIDENTS_TABLE    = aws_dynamodb_table.suite["incidents"].name
    ANCHORS_BUCKET     = aws_s3_bucket.anchors.bucket
    ANCHORS_KEY_ARN    = aws_kms_key.anchors.arn
    SERIES_TABLE       = aws_dynamodb_table.suite["series"].name
    REMEDIATIONS_TABLE = aws_dynamodb_table.suite["remediations"].name
    APPROVAL_KEY_ID    = aws_kms_key.approvals.arn
    CONFIG_TABLE       = aws_dynamodb_table.suite["config"].name
    COVERAGE_TABLE     = aws_dynamodb_table.suite["coverage"].name
    SECURITY_FUNCTION  = module.security_monitor.name

    INVENTORY_TABLE   = aws_dynamodb_table.suite["inventory"].name
    MODELS_TABLE      = aws_dynamodb_table.suite["models"].name
    PAGE_BUCKET       = one(aws_s3_bucket.page[*].bucket)
    PAGE_CLIENT_ID    = one(aws_cognito_user_pool_client.people[*].id)
    PAGE_USER_POOL_ID = one(aws_cognito_user_pool.users[*].id)
    LIVE_URL          = local.live_url

    API_AUTHORIZATION          = var.api_authorization
    IAM_CALLER_ROLE            = var.iam_caller_role
    ROUTING_TABLE              = aws_dynamodb_table.suite["routing"].name
    SILENCES_TABLE             = aws_dynamodb_table.suite["silences"].name
    NOTIFICATIONS_TABLE        = aws_dynamodb_table.suite["notifications"].name
    INCIDENT_CHANGES_TOPIC_ARN = aws_sns_topic.suite["incident-changes"].arn
  }

  permissions = merge(local.page_permissions, {
    # Asked which rules it loaded, and what they say of events that somebody sends.
    SecurityMonitor = {
      actions   = ["lambda:InvokeFunction"]
      resources = [module.security_monitor.arn]
    }
    Incidents = {
      actions = ["dynamodb:GetItem", "dynamodb:Query"]
      resources = [
        aws_dynamodb_table.suite["incidents"].arn,
        "${aws_dynamodb_table.suite["incidents"].arn}/index/*",
      ]
    }
    # It may change items, not make or remove them: what people say and do is about what is there.
    Deeds = {
      actions   = ["dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.suite["incidents"].arn, aws_dynamodb_table.suite["series"].arn]
    }
    Series = {
      actions   = ["dynamodb:GetItem"]
      resources = [aws_dynamodb_table.suite["series"].arn]
    }
    Coverage = {
      actions   = ["dynamodb:Scan"]
      resources = [aws_dynamodb_table.suite["coverage"].arn]
    }
    Audit = local.append_to_audit
    ListAnchors = {
      actions   = ["s3:ListBucket"]
      resources = [aws_s3_bucket.anchors.arn]
    }
    ReadAnchors = {
      actions   = ["s3:GetObject"]
      resources = ["${aws_s3_bucket.anchors.arn}/anchors/*"]
    }
    AnchorKey = {
      actions   = ["kms:GetPublicKey"]
      resources = [aws_kms_key.anchors.arn]
    }
    # The catalogue, what people set, and how long a silence may be.
    Config = {
      actions    = ["dynamodb:Query", "dynamodb:GetItem"]
      resources  = [aws_dynamodb_table.suite["config"].arn]
      conditions = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["alert_routes", "alert_thresholds", "threshold_overrides"] } }
    }
    # Of the configuration it publishes only what people set through it.
    SetThresholds = {
      actions    = ["dynamodb:PutItem"]
      resources  = [aws_dynamodb_table.suite["config"].arn]
      conditions = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["threshold_overrides"] } }
    }
    Products = {
      actions    = ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:DeleteItem"]
      resources  = [aws_dynamodb_table.suite["routing"].arn]
      conditions = { "ForAllValues:StringEquals" = { "dynamodb:LeadingKeys" = ["product"] } }
    }
    # Silences are set and ended, never deleted: they go by themselves.
    Silences = {
      actions   = ["dynamodb:Scan", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.suite["silences"].arn]
    }
    # Answers to requests with a key of their own, beside the notices of others.
    Answers = {
      actions    = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"]
      resources  = [aws_dynamodb_table.suite["notifications"].arn]
      conditions = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["request#*"] } }
    }
    Changes = {
      actions   = ["sns:Publish"]
      resources = [aws_sns_topic.suite["incident-changes"].arn]
    }
    Inventory = {
      actions   = ["dynamodb:GetItem", "dynamodb:Scan"]
      resources = [aws_dynamodb_table.suite["inventory"].arn]
    }
    Models = {
      actions   = ["dynamodb:GetItem"]
      resources = [aws_dynamodb_table.suite["models"].arn]
    }
    Metrics = {
      actions   = ["cloudwatch:GetMetricData"]
      resources = ["*"]
    }
    # A person's word on an approval, the kill switch, a policy that is switched on again.
    Remediations = {
      actions   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.suite["remediations"].arn]
    }
    CheckApprovals = {
      actions   = ["kms:VerifyMac"]
      resources = [aws_kms_key.approvals.arn]
    }
  })
}
