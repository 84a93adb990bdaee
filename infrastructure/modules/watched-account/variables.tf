variable "suite_account" {
  description = "The account in which the suite runs."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.suite_account))
    error_message = "suite_account must be twelve digits."
  }
}

variable "external_id" {
  description = "A word that the suite says when it assumes the role; the same as external_id in watched_accounts.json."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_+=,.@:/-]{2,}$", var.external_id)) && length(var.external_id) <= 1224
    error_message = "external_id must have 2 to 1224 letters, digits and _+=,.@:/-."
  }
}

variable "name_prefix" {
  description = "The suite's name_prefix: how the names of its roles, alarms and tags begin."
  type        = string
  default     = "aiops"
}

variable "role_name" {
  description = "Name of the role; the same as role in watched_accounts.json."
  type        = string
  default     = "nightjar-watched"
}

variable "manage_alarms" {
  description = "Whether the suite may make, change and delete its own alarms here."
  type        = bool
  default     = true
}

variable "readable_log_groups" {
  description = "Name patterns of the log groups that the root-cause analysis may read."
  type        = list(string)
  default     = ["*"]
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the role."
  type        = string
  default     = null
}
