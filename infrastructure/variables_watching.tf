# What is watched, and how it is judged.

variable "monitor_tag_key" {
  description = "Resources with this tag set to `true` are watched. Null means <name_prefix>:monitor."
  type        = string
  default     = null
}

variable "log_groups_tag_key" {
  description = "Tag that names the log groups of an instance. Null means <name_prefix>:log-groups."
  type        = string
  default     = null
}

variable "manage_alarms" {
  description = "off: no alarms. plan: every run says which alarms it would make and what they cost, and `nightjar alarms apply` makes them. apply: every run makes them. An alarm is 0.10 USD a month."
  type        = string
  default     = "plan"

  validation {
    condition     = contains(["off", "plan", "apply"], var.manage_alarms)
    error_message = "manage_alarms must be off, plan or apply."
  }
}

variable "alarms_max" {
  description = "How many alarms Nightjar makes at most, the critical ones first: 500 are 50 USD a month."
  type        = number
  default     = 500
  nullable    = false

  validation {
    condition     = var.alarms_max >= 0 && var.alarms_max <= 100000 && floor(var.alarms_max) == var.alarms_max
    error_message = "alarms_max must be a whole number from 0 to 100000."
  }
}

variable "composite_alarms" {
  description = "True: a resource with two alarms or more has a composite alarm that tells in their stead, when the first of them fires and when all are over. A composite alarm is 0.50 USD a month. Nightjar joins the alarms of a resource in one incident anyway."
  type        = bool
  default     = false
  nullable    = false
}

variable "owner_tag_key" {
  description = "Tag that says who answers for a resource, in any case of letters. A resource without it has a coverage gap."
  type        = string
  default     = "Owner"
  nullable    = false

  validation {
    condition     = can(regex("^[^\\s]{1,128}$", var.owner_tag_key))
    error_message = "owner_tag_key is the name of one tag, without spaces."
  }
}

variable "readable_log_groups" {
  description = "Name patterns of the log groups that the root-cause analysis may read. The default lets it follow the tag anywhere in the account."
  type        = list(string)
  default     = ["*"]

  validation {
    condition     = length(var.readable_log_groups) > 0
    error_message = "readable_log_groups needs at least one pattern: without logs there is no root cause."
  }
}

variable "gather_deadline_seconds" {
  description = "How long the root-cause analysis may gather evidence. What is later is named as a gap."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.gather_deadline_seconds >= 1 && var.gather_deadline_seconds <= 90 && floor(var.gather_deadline_seconds) == var.gather_deadline_seconds
    error_message = "gather_deadline_seconds must be a whole number from 1 to 90; the function has 120 seconds."
  }
}

variable "log_scan_limit_mb" {
  description = "A search of logs is stopped after this many MB. CloudWatch Logs Insights costs about 0.005 USD per GB scanned."
  type        = number
  default     = 2000
  nullable    = false

  validation {
    condition     = var.log_scan_limit_mb >= 1 && var.log_scan_limit_mb <= 1000000 && floor(var.log_scan_limit_mb) == var.log_scan_limit_mb
    error_message = "log_scan_limit_mb must be a whole number from 1 to 1000000."
  }
}

variable "group_tags" {
  description = "Tags whose equal value makes resources a group, to tell how far trouble reaches. The first that a resource has decides."
  type        = list(string)
  default     = ["aws:autoscaling:groupName", "Service", "Application"]
  nullable    = false

  validation {
    condition     = length(var.group_tags) > 0 && alltrue([for tag in var.group_tags : can(regex("^[^\\s]{1,128}$", tag))])
    error_message = "group_tags names at least one tag; a tag's name here has no spaces."
  }
}

variable "resolve_after_periods" {
  description = "How many calm datapoints in a row end an incident. Trouble that comes and goes needs up to eight times as many."
  type        = number
  default     = 3

  validation {
    condition     = var.resolve_after_periods >= 1 && var.resolve_after_periods <= 100 && floor(var.resolve_after_periods) == var.resolve_after_periods
    error_message = "resolve_after_periods must be a whole number from 1 to 100."
  }
}

variable "log_watch_limit_mb" {
  description = "How many MB of logs the log watch may scan every five minutes (0.005 USD a GB); 0 turns it off."
  type        = number
  default     = 500

  validation {
    condition     = var.log_watch_limit_mb >= 0 && var.log_watch_limit_mb <= 1000000 && floor(var.log_watch_limit_mb) == var.log_watch_limit_mb
    error_message = "log_watch_limit_mb must be a whole number from 0 to 1000000."
  }
}

variable "log_window_minutes" {
  description = "How many minutes of logs before an anomaly are read."
  type        = number
  default     = 15

  validation {
    condition     = var.log_window_minutes >= 1 && var.log_window_minutes <= 1440 && floor(var.log_window_minutes) == var.log_window_minutes
    error_message = "log_window_minutes must be a whole number from 1 to 1440 (one day)."
  }
}

variable "security_severity" {
  description = "How bad a security incident must be for people to be told: info, low, medium, high or critical. Security rules open incidents from medium on."
  type        = string
  default     = "medium"

  validation {
    condition     = contains(["info", "low", "medium", "high", "critical"], var.security_severity)
    error_message = "security_severity must be info, low, medium, high or critical."
  }
}

variable "security_read_only_events" {
  description = "Judge read-only events of CloudTrail too, in which discovery shows: more invocations, no other cost."
  type        = bool
  default     = true
  nullable    = false
}
