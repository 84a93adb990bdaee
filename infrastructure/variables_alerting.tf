# Whom to tell.

variable "slack_webhook_url" {
  description = "Slack incoming webhook. Null: no Slack."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.slack_webhook_url == null || can(regex("^(https://|http://(localhost|127\\.0\\.0\\.1)[:/])\\S+$", var.slack_webhook_url))
    error_message = "slack_webhook_url must be an https URL (http only on this machine, for a try-out)."
  }
}

variable "webhook_url" {
  description = "Webhook of any other system, called with a Standard Webhooks signature. Null: none."
  type        = string
  default     = null

  validation {
    condition     = var.webhook_url == null || can(regex("^(https://|http://(localhost|127\\.0\\.0\\.1)[:/])\\S+$", var.webhook_url))
    error_message = "webhook_url must be an https URL (http only on this machine, for a try-out)."
  }
}

variable "webhook_secret" {
  description = "Signing secret of webhook_url: whsec_ and 24 to 64 bytes in base64."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.webhook_secret == null || can(regex("^whsec_[A-Za-z0-9+/]{32,}={0,2}$", var.webhook_secret))
    error_message = "webhook_secret must be whsec_ followed by at least 24 bytes in base64; make one with: echo \"whsec_$(openssl rand -base64 24)\""
  }

  validation {
    condition     = (var.webhook_url == null) == (var.webhook_secret == null)
    error_message = "webhook_url and webhook_secret belong together: set both or neither."
  }
}

variable "incident_link_base" {
  description = "What the links in notifications begin with; the incident's id follows. Null: no links."
  type        = string
  default     = null

  validation {
    condition     = var.incident_link_base == null || can(regex("^https://\\S+$", var.incident_link_base))
    error_message = "incident_link_base must be an https URL such as https://ops.example.com/incidents/"
  }
}

variable "alert_secrets" {
  description = "What further channels of the routes need to know, by name: bot tokens, routing keys, URLs. Kept as the routes refer to them: {\"ssm\": \"/<name_prefix>/alerts/<name>\"}, or {\"secretsmanager\": \"<name_prefix>/alerts/<name>\"}."
  type        = map(string)
  default     = {}
  sensitive   = true

  validation {
    condition     = alltrue([for name in nonsensitive(keys(var.alert_secrets)) : can(regex("^[a-z0-9][a-z0-9-]{0,63}$", name))])
    error_message = "Names in alert_secrets are 1 to 64 lower-case letters, digits and hyphens."
  }

  validation {
    condition     = alltrue([for value in values(var.alert_secrets) : length(value) > 0 && length(value) <= 4096])
    error_message = "Values in alert_secrets have 1 to 4,096 characters: a parameter takes no more."
  }

  validation {
    condition     = length(setintersection(nonsensitive(keys(var.alert_secrets)), ["slack-webhook-url", "webhook-url", "webhook-secret"])) == 0
    error_message = "slack-webhook-url, webhook-url and webhook-secret have variables of their own."
  }
}

variable "alert_secret_store" {
  description = "Where the channels' secrets are kept: ssm (Parameter Store, free) or secretsmanager ($0.40 a secret and month)."
  type        = string
  default     = "ssm"

  validation {
    condition     = contains(["ssm", "secretsmanager"], var.alert_secret_store)
    error_message = "alert_secret_store must be ssm or secretsmanager."
  }
}
