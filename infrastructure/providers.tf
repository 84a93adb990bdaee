provider "aws" {
  region = var.aws_region

  # Every resource carries its origin, so that cost reports and `nightjar` can find what belongs to the suite.
  default_tags {
    tags = merge(var.tags, {
      Project    = "nightjar"
      NamePrefix = var.name_prefix
      ManagedBy  = "terraform"
    })
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}
