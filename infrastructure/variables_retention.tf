# How long things are kept.

variable "log_retention_days" {
  description = "How long CloudWatch keeps the logs of the functions and of the API."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a period CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "incident_retention_days" {
  description = "How long incidents are kept. The audit trail is kept as config/audit_log_schema.json says: 400 days."
  type        = number
  default     = 90

  validation {
    condition     = var.incident_retention_days >= 1 && var.incident_retention_days <= 3650 && floor(var.incident_retention_days) == var.incident_retention_days
    error_message = "incident_retention_days must be a whole number from 1 to 3650 (ten years)."
  }
}

variable "anchor_lock_mode" {
  description = "COMPLIANCE: nobody, not even the account's root, can delete an anchor before anchor_lock_days, and `terraform destroy` fails until then. GOVERNANCE: an administrator can, for try-outs."
  type        = string
  default     = "COMPLIANCE"

  validation {
    condition     = contains(["COMPLIANCE", "GOVERNANCE"], var.anchor_lock_mode)
    error_message = "anchor_lock_mode must be COMPLIANCE or GOVERNANCE."
  }
}

variable "anchor_lock_days" {
  description = "How long each anchor is locked. Longer than the audit trail's retention of 400 days, so that every entry outlives none of its proofs."
  type        = number
  default     = 430

  validation {
    condition     = var.anchor_lock_days >= 1 && var.anchor_lock_days <= 3650 && floor(var.anchor_lock_days) == var.anchor_lock_days
    error_message = "anchor_lock_days must be a whole number from 1 to 3650 (ten years)."
  }
}

variable "deletion_protection" {
  description = "Refuse to delete the tables. Set it for production; `terraform destroy` then needs it switched off first."
  type        = bool
  default     = false
}

variable "kms_deletion_window_days" {
  description = "How long a deleted key can still be brought back, and with it everything it encrypted."
  type        = number
  default     = 30

  validation {
    condition     = var.kms_deletion_window_days >= 7 && var.kms_deletion_window_days <= 30
    error_message = "kms_deletion_window_days must be from 7 to 30."
  }
}
