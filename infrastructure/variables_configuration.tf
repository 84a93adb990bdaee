# The documents that are published to the functions. A file of its own takes the place of that in `config_dir`.

variable "config_dir" {
  description = "Folder with the documents of the configuration. Null means ../config. Check it with: nightjar config check."
  type        = string
  default     = null

  validation {
    condition     = var.config_dir == null || can(jsondecode(file("${var.config_dir}/alert_thresholds.json")).resource_types)
    error_message = "config_dir must be a folder with the documents of config/, alert_thresholds.json among them."
  }
}

variable "maintenance_windows_file" {
  description = "Maintenance windows, in which the detector neither judges nor learns. Null means config/maintenance_windows.json."
  type        = string
  default     = null

  validation {
    condition     = var.maintenance_windows_file == null || can(jsondecode(file(var.maintenance_windows_file)).windows)
    error_message = "maintenance_windows_file must be a JSON document with windows, as config/maintenance_windows.json. Check it with: nightjar config check."
  }
}

variable "security_noise_file" {
  description = "What is expected and opens no security incident. Null means config/security_noise.json."
  type        = string
  default     = null

  validation {
    condition     = var.security_noise_file == null || can(jsondecode(file(var.security_noise_file)).expected)
    error_message = "security_noise_file must be a JSON document with expected, as config/security_noise.json. Check it with: nightjar config check."
  }
}

variable "watched_accounts_file" {
  description = "Accounts and regions that are watched beside this one. Null means config/watched_accounts.json."
  type        = string
  default     = null

  validation {
    condition     = var.watched_accounts_file == null || can([for entry in jsondecode(file(var.watched_accounts_file)).accounts : [entry.account == "self" ? "" : entry.role, entry.regions[0]]])
    error_message = "watched_accounts_file must be a JSON document with accounts, each with account, role (but for self) and regions, as config/watched_accounts.json. Check it with: nightjar config check."
  }
}

variable "alert_routes_file" {
  description = "Who is told what, when. Null means config/alert_routes.json."
  type        = string
  default     = null

  validation {
    condition     = var.alert_routes_file == null || can(jsondecode(file(var.alert_routes_file)).route)
    error_message = "alert_routes_file must be a JSON document with route, as config/alert_routes.json. Check it with: nightjar routes check."
  }
}

variable "products_file" {
  description = "Which resources belong to which product, and who owns it. Null means config/products.json."
  type        = string
  default     = null

  validation {
    condition     = var.products_file == null || can(jsondecode(file(var.products_file)).products)
    error_message = "products_file must be a JSON document with products, as config/products.json. Check it with: nightjar config check."
  }
}

variable "remediation_policies_file" {
  description = "Which incident gets which runbook. Null means ../config/remediation_policies.json. Check it with `nightjar config check`."
  type        = string
  default     = null

  validation {
    condition     = var.remediation_policies_file == null || can(jsondecode(file(var.remediation_policies_file)))
    error_message = "remediation_policies_file must name a JSON file."
  }
}

variable "dashboard_config_file" {
  description = "What the CloudWatch dashboard shows. Null means ../config/dashboard_config.json."
  type        = string
  default     = null

  validation {
    condition = var.dashboard_config_file == null || can(alltrue(flatten([
      [for widget in flatten([jsondecode(file(var.dashboard_config_file)).fleet, jsondecode(file(var.dashboard_config_file)).products[*].metrics]) : [
        length(widget.title) > 0,
        length(regex("^\\{[^}']+\\}[^']*$", widget.search)) > 0,
        length(regex("^(Average|Sum|Minimum|Maximum|SampleCount|p[0-9]{1,2}(\\.[0-9]+)?)$", widget.statistic)) >= 0,
      ]],
      [for name in jsondecode(file(var.dashboard_config_file)).suite : index(["messages", "invocations", "errors", "duration", "api", "api_latency", "cost", "log_errors"], name) >= 0],
      [for product in jsondecode(file(var.dashboard_config_file)).products : length(product.name) > 0],
      jsondecode(file(var.dashboard_config_file)).period_seconds % 60 == 0,
    ])))
    error_message = "dashboard_config_file must be a document as config/schemas/dashboard_config.schema.json has it: period_seconds, fleet, products, suite; each widget with title, search and statistic."
  }
}
