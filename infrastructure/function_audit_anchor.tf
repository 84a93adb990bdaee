# Signs the ends of the audit trail's chains every hour, and locks them away.
module "audit_anchor" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "audit-anchor"
  description           = "Anchors the audit trail in a bucket that keeps what it has"
  memory_mb             = local.memory_mb["audit-anchor"]
  timeout_seconds       = 60
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["audit-anchor"].arn

  environment = {
    ANCHORS_BUCKET  = aws_s3_bucket.anchors.bucket
    ANCHORS_KEY_ARN = aws_kms_key.anchors.arn
  }

  permissions = {
    Sign = {
      actions   = ["kms:Sign"]
      resources = [aws_kms_key.anchors.arn]
    }
    ListAnchors = {
      actions   = ["s3:ListBucket"]
      resources = [aws_s3_bucket.anchors.arn]
    }
    ReadAndAddAnchors = {
      actions   = ["s3:GetObject", "s3:PutObject"]
      resources = ["${aws_s3_bucket.anchors.arn}/anchors/*"]
    }
    # Reads the chains' ends; adds an entry to a chain that would else expire as a whole.
    Audit = local.append_to_audit
  }
}
