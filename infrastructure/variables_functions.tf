# The functions.

variable "architecture" {
  description = "Processor of the functions: arm64 (about 20 % cheaper) or x86_64. The packages must be built for the same one."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "packages_dir" {
  description = "Folder with one <function>.zip each, as scripts/package.sh writes them. Null means ../target/lambda-packages/<architecture>."
  type        = string
  default     = null
}

variable "function_memory_mb" {
  description = "Memory per function in MB, for those that should differ from 256 (model-trainer: 1024, security-monitor: 512). Memory buys CPU: 1769 MB is one full core."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for mb in values(var.function_memory_mb) : mb >= 128 && mb <= 10240 && floor(mb) == mb])
    error_message = "function_memory_mb takes whole numbers from 128 to 10240."
  }

  validation {
    condition = length(setsubtract(keys(var.function_memory_mb), [
      "onboarding", "anomaly-detector", "log-analyzer-rca", "alert-handler", "remediation-engine", "api", "model-trainer",
      "audit-anchor", "security-monitor",
    ])) == 0
    error_message = "function_memory_mb knows onboarding, anomaly-detector, log-analyzer-rca, alert-handler, remediation-engine, api, model-trainer, audit-anchor and security-monitor."
  }
}

variable "training_schedule" {
  description = "How often the detector's models are trained anew on 14 days of history: an EventBridge rate or cron expression. Null switches the training off."
  type        = string
  default     = "rate(1 day)"

  validation {
    condition     = var.training_schedule == null || can(regex("^(rate|cron)\\([^()]+\\)$", var.training_schedule))
    error_message = "training_schedule must be rate(…) or cron(…) as EventBridge writes them, or null."
  }
}

variable "log_level" {
  description = "What the functions log: TRACE, DEBUG, INFO, WARN, ERROR or FATAL."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"], var.log_level)
    error_message = "log_level must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL."
  }
}

variable "tracing" {
  description = "Record the functions with X-Ray ($5 per million traces after the first 100,000 a month)."
  type        = bool
  default     = false
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary for every role, where the organisation demands one."
  type        = string
  default     = null
}
