# Answers questions about incidents and the audit trail. Reads, changes nothing.
module "api" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "api"
  description           = "HTTP API over the incidents and the audit trail"
  memory_mb             = local.memory_mb["api"]
  timeout_seconds       = 29 # an HTTP API gives up after 30
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["api"].arn

  environment = {
    INCIDENTS_TABLE = aws_dynamodb_table.suite["incidents"].name
    ANCHORS_BUCKET  = aws_s3_bucket.anchors.bucket
    ANCHORS_KEY_ARN = aws_kms_key.anchors.arn
  }

  permissions = {
    Incidents = {
      actions = ["dynamodb:GetItem", "dynamodb:Query"]
      resources = [
        aws_dynamodb_table.suite["incidents"].arn,
        "${aws_dynamodb_table.suite["incidents"].arn}/index/*",
      ]
    }
    AuditTrail = {
      actions   = ["dynamodb:Query"]
      resources = [aws_dynamodb_table.suite["audit"].arn]
    }
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
  }
}
