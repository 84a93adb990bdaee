# What may be healed.

variable "remediation_mode" {
  description = "off: never act. dry_run: record what would be done. approve: ask a person, then act. auto: act. Only on instances that carry the opt-in tag."
  type        = string
  default     = "approve"

  validation {
    condition     = contains(["off", "dry_run", "approve", "auto"], var.remediation_mode)
    error_message = "remediation_mode must be off, dry_run, approve or auto."
  }
}

variable "security_remediation_mode" {
  description = "The most that may happen about an attack, whatever remediation_mode and the policies say: off, dry_run, approve or auto. Leave it at approve: a false alarm that disables a key is an outage."
  type        = string
  default     = "approve"

  validation {
    condition     = contains(["off", "dry_run", "approve", "auto"], var.security_remediation_mode)
    error_message = "security_remediation_mode must be off, dry_run, approve or auto."
  }
}

variable "min_instance_age_minutes" {
  description = "Instances launched less than this ago are left to their start-up."
  type        = number
  default     = 15

  validation {
    condition     = var.min_instance_age_minutes >= 0 && var.min_instance_age_minutes <= 10080 && floor(var.min_instance_age_minutes) == var.min_instance_age_minutes
    error_message = "min_instance_age_minutes must be a whole number from 0 to 10080 (one week)."
  }
}

variable "remediate_tag_key" {
  description = "Instances with this tag set to `reboot` may be rebooted, with `stop_start` also stopped and started; IAM refuses all others. Null means <name_prefix>:remediate."
  type        = string
  default     = null
}

variable "cooldown_minutes" {
  description = "Minimum time between two remediations of the same instance."
  type        = number
  default     = 60

  validation {
    condition     = var.cooldown_minutes >= 1 && var.cooldown_minutes <= 10080 && floor(var.cooldown_minutes) == var.cooldown_minutes
    error_message = "cooldown_minutes must be a whole number from 1 to 10080 (one week)."
  }
}

variable "max_incident_age_minutes" {
  description = "Incidents older than this are not remediated any more: a late message must not reboot what has long recovered."
  type        = number
  default     = 60

  validation {
    condition     = var.max_incident_age_minutes >= 1 && var.max_incident_age_minutes <= 10080 && floor(var.max_incident_age_minutes) == var.max_incident_age_minutes
    error_message = "max_incident_age_minutes must be a whole number from 1 to 10080 (one week)."
  }
}

variable "remediation_documents" {
  description = "Names of the Systems Manager documents that a policy may run on instances that opted in to ssm_document. None by default."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for name in var.remediation_documents : can(regex("^[a-zA-Z0-9_.-]{3,128}$", name))])
    error_message = "remediation_documents holds names of documents, without wildcards: 3 to 128 letters, digits, _ . or -."
  }
}

variable "claim_lease_seconds" {
  description = "How long a started remediation stays claimed. After that its outcome counts as unknown and a person is told."
  type        = number
  default     = 120

  # A lease shorter than the function's own timeout could expire while the reboot is still being asked for.
  validation {
    condition     = var.claim_lease_seconds >= 60 && var.claim_lease_seconds <= 3600 && floor(var.claim_lease_seconds) == var.claim_lease_seconds
    error_message = "claim_lease_seconds must be a whole number from 60 (the timeout of remediation-engine) to 3600."
  }
}

variable "publish_lease_seconds" {
  description = "How long one delivery of a message may take to tell people before a redelivery does. Below the minute after which Lambda first retries."
  type        = number
  default     = 30

  validation {
    condition     = var.publish_lease_seconds >= 1 && var.publish_lease_seconds <= 55 && floor(var.publish_lease_seconds) == var.publish_lease_seconds
    error_message = "publish_lease_seconds must be a whole number from 1 to 55."
  }
}

variable "remediation_concurrency" {
  description = "How many remediations may run at once. Null removes the bound: needed in new AWS accounts, whose limit of 10 leaves nothing to reserve."
  type        = number
  default     = 1

  validation {
    condition     = var.remediation_concurrency == null || try(var.remediation_concurrency >= 1 && floor(var.remediation_concurrency) == var.remediation_concurrency, false)
    error_message = "remediation_concurrency must be a whole number of at least 1, or null. To stop remediations set remediation_mode to off."
  }
}
