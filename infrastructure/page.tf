# The page's files lie in a private bucket, and the api function serves them.
locals {
  page_dir   = coalesce(var.page_dir, "${path.module}/../dashboard/dist")
  page_files = var.page == "none" ? toset([]) : setsubtract(fileset(local.page_dir, "**"), ["config.json"])
  has_page   = length(local.page_files) > 0

  page_types = {
    css         = "text/css", html = "text/html", ico = "image/x-icon", js = "text/javascript", png = "image/png", svg = "image/svg+xml",
    webmanifest = "application/manifest+json", woff2 = "font/woff2"
  }

  page_permissions = { for on in [local.has_page] : "Page" => {
    actions   = ["s3:GetObject"]
    resources = ["${one(aws_s3_bucket.page[*].arn)}/*"]
  } if on }
}

resource "aws_s3_bucket" "page" {
  count = local.has_page ? 1 : 0

  bucket_prefix = "${local.prefix}-page-"
  # It holds nothing that a build does not make again.
  force_destroy = true
}

resource "aws_s3_bucket_public_access_block" "page" {
  count = local.has_page ? 1 : 0

  bucket                  = aws_s3_bucket.page[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_object" "page" {
  for_each = local.page_files

  bucket       = aws_s3_bucket.page[0].id
  key          = each.value
  source       = "${local.page_dir}/${each.value}"
  source_hash  = filemd5("${local.page_dir}/${each.value}")
  content_type = lookup(local.page_types, reverse(split(".", each.value))[0], "application/octet-stream")
}
