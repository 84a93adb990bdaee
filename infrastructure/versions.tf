terraform {
  # 1.9 lets a variable's validation look at other variables; 1.11 is what the tests run on.
  required_version = ">= 1.9"

  # The AWS provider and no other: packages are zipped by scripts/package.sh, names are derived, nothing is random.
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
