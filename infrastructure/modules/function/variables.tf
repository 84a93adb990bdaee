variable "suite" {
  description = "What all functions of a suite share."
  type = object({
    name_prefix              = string
    architecture             = string
    packages_dir             = string
    aws_region               = string
    kms_key_arn              = string
    audit_table              = string
    audit_table_arn          = string
    dead_letter_arn_format   = string # ARN of a dead-letter queue, %s standing for the function's name
    log_retention_days       = optional(number, 30)
    log_level                = optional(string, "INFO")
    tracing                  = optional(bool, false)
    permissions_boundary_arn = optional(string)
  })
}

variable "name" {
  description = "Name of the function's binary, and of its package: <packages_dir>/<name>.zip."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]*[a-z0-9]$", var.name))
    error_message = "name must be lower-case letters, digits and hyphens, as cargo names the binary."
  }
}

variable "description" {
  description = "What the function is for, in one line."
  type        = string
}

variable "memory_mb" {
  description = "Memory in MB, which also buys CPU."
  type        = number
  default     = 256

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240
    error_message = "memory_mb must be from 128 to 10240."
  }
}

variable "timeout_seconds" {
  description = "After how long an invocation is ended and counts as failed."
  type        = number
  default     = 60

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900
    error_message = "timeout_seconds must be from 1 to 900."
  }
}

variable "reserved_concurrency" {
  description = "Most invocations at once; null means the account's limit."
  type        = number
  default     = null
}

variable "environment" {
  description = "Environment variables besides NAME_PREFIX and AUDIT_TABLE. A null value leaves the variable out."
  type        = map(string)
  default     = {}
}

variable "permissions" {
  description = "What the function may do, one entry per IAM statement, named by its Sid."
  type = map(object({
    actions    = list(string)
    resources  = list(string)
    conditions = optional(map(map(list(string))))
  }))

  validation {
    condition     = alltrue(flatten([for permission in values(var.permissions) : [for action in permission.actions : !strcontains(action, "*")]]))
    error_message = "permissions must name each action: a wildcard grants what nobody reviewed."
  }
}

variable "dead_letter_queue_arn" {
  description = "Queue that receives an asynchronous event after its last failed attempt."
  type        = string
}
