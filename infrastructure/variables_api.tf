# The API.

variable "api_authorization" {
  description = "JWT: people and machines sign in with Cognito. AWS_IAM: requests are signed with AWS credentials. NONE: anyone who knows the address is an administrator."
  type        = string
  default     = "JWT"

  validation {
    condition     = contains(["JWT", "AWS_IAM", "NONE"], var.api_authorization)
    error_message = "api_authorization must be JWT, AWS_IAM or NONE."
  }
}

variable "iam_caller_role" {
  description = "With AWS_IAM: what a caller may do whom IAM lets in. IAM's own policies (execute-api:Invoke) say who may call which route."
  type        = string
  default     = "admin"

  validation {
    condition     = contains(["viewer", "operator", "admin"], var.iam_caller_role)
    error_message = "iam_caller_role must be viewer, operator or admin."
  }
}

variable "admin_email" {
  description = "E-mail address of the first administrator, who is sent a temporary password; alert_email if null."
  type        = string
  default     = null

  validation {
    condition     = var.admin_email == null || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.admin_email))
    error_message = "admin_email must be an e-mail address."
  }
}

variable "machine_clients" {
  description = "Programs that sign in with a client's id and secret, by name, and the role of each."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name, role in var.machine_clients : can(regex("^[a-z][a-z0-9-]{0,39}$", name)) && contains(["viewer", "operator", "admin"], role)])
    error_message = "machine_clients maps names (lower-case letters, digits, hyphens) to viewer, operator or admin."
  }
}

variable "page" {
  description = "Who serves the page: api (the API's own function) or none."
  type        = string
  default     = "api"

  validation {
    condition     = contains(["api", "none"], var.page)
    error_message = "page must be api or none."
  }
}

variable "page_dir" {
  description = "Folder with the built page; dashboard/dist if null. Where it is empty there is no page."
  type        = string
  default     = null
}

variable "api_cors_origins" {
  description = "Web origins that may call the API from a browser, such as https://ops.example.com."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for origin in var.api_cors_origins : can(regex("^(\\*|https?://[^/\\s]+)$", origin))])
    error_message = "api_cors_origins takes origins such as https://ops.example.com (no path), or *."
  }
}

variable "api_throttle" {
  description = "Requests a second that the API answers on average, and how many at once on top of that."
  type = object({
    rate  = optional(number, 20)
    burst = optional(number, 40)
  })
  default = {}

  validation {
    condition     = var.api_throttle.rate > 0 && var.api_throttle.burst >= 1
    error_message = "api_throttle needs a rate above 0 and a burst of at least 1."
  }
}
