# What makes the audit trail provable: its chains' ends, signed by a key that never leaves KMS, in a bucket where nothing can be
# changed or deleted before its time.

# Symmetric keys encrypt; this one signs. KMS does not rotate asymmetric keys: anchors of years verify with one public key.
resource "aws_kms_key" "anchors" {
  description              = "Nightjar ${local.prefix}: signs the anchors of the audit trail"
  key_usage                = "SIGN_VERIFY"
  customer_master_key_spec = "ECC_NIST_P256"
  deletion_window_in_days  = var.kms_deletion_window_days

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "AccountThroughIam"
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

resource "aws_kms_alias" "anchors" {
  name          = "alias/${local.prefix}-audit-anchors"
  target_key_id = aws_kms_key.anchors.key_id
}

# `nightjar audit` finds it by this name.
resource "aws_s3_bucket" "anchors" {
  bucket              = "${local.prefix}-audit-anchors-${local.account}-${var.aws_region}"
  object_lock_enabled = true
  # In compliance mode AWS itself refuses, whatever stands here.
  force_destroy = var.anchor_lock_mode == "GOVERNANCE"
}

resource "aws_s3_bucket_versioning" "anchors" {
  bucket = aws_s3_bucket.anchors.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "anchors" {
  bucket = aws_s3_bucket.anchors.id

  rule {
    default_retention {
      mode = var.anchor_lock_mode
      days = var.anchor_lock_days
    }
  }

  depends_on = [aws_s3_bucket_versioning.anchors]
}

resource "aws_s3_bucket_server_side_encryption_configuration" "anchors" {
  bucket = aws_s3_bucket.anchors.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.suite.arn
    }
    bucket_key_enabled = true
  }
}

resource "aws_s3_bucket_public_access_block" "anchors" {
  bucket = aws_s3_bucket.anchors.id

  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "anchors" {
  bucket = aws_s3_bucket.anchors.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_policy" "anchors" {
  bucket = aws_s3_bucket.anchors.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "EncryptedConnectionsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.anchors.arn, "${aws_s3_bucket.anchors.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        # The lock keeps versions; this keeps them from being hidden behind a delete marker, and the lock from being lifted.
        Sid       = "NobodyDeletesAnchors"
        Effect    = "Deny"
        Principal = "*"
        Action = [
          "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention",
          "s3:PutObjectRetention", "s3:PutObjectLegalHold",
        ]
        Resource = "${aws_s3_bucket.anchors.arn}/*"
      },
    ]
  })

  # Public access settings and policy written at once conflict.
  depends_on = [aws_s3_bucket_public_access_block.anchors]
}
