# What every deployment decides.

variable "alert_email" {
  description = "Address that receives the alerts. AWS sends it a confirmation link per topic; nothing arrives before both are clicked."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9.!#$&'*+/=?^_|~%-]+@([A-Za-z0-9-]+\\.)+[A-Za-z0-9-]{2,}$", var.alert_email))
    error_message = "alert_email must be one e-mail address such as oncall@example.com, without spaces or a display name."
  }
}

variable "name_prefix" {
  description = "Start of every name, so that several suites can live in one account. Also the prefix of the opt-in tags."
  type        = string
  default     = "aiops"

  # The longest name is the rule `<prefix>-anomaly-detector-schedule`: 20 characters leave every AWS limit (64) untouched.
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name_prefix)) && !strcontains(var.name_prefix, "--")
    error_message = "name_prefix must be 2 to 20 characters: lower-case letters, digits and single hyphens, starting with a letter and not ending with a hyphen."
  }

  # IAM and Lambda would take these; tags and SSM paths would not.
  validation {
    condition     = !startswith(var.name_prefix, "aws") && !startswith(var.name_prefix, "ssm")
    error_message = "name_prefix must not start with aws or ssm: AWS reserves tag keys and parameter names that do."
  }
}

variable "aws_region" {
  description = "Region to deploy into and to watch."
  type        = string
  default     = "us-east-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.aws_region))
    error_message = "aws_region must be a region code such as us-east-1 or eu-central-1."
  }
}

variable "tags" {
  description = "Further tags for every resource."
  type        = map(string)
  default     = {}
}
