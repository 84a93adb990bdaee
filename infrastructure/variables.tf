# --- What every deployment decides ------------------------------------------------------------------------------------

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

# --- The functions ----------------------------------------------------------------------------------------------------

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

variable "maintenance_windows_file" {
  description = "Maintenance windows, in which the detector neither judges nor learns. Null means config/maintenance_windows.json."
  type        = string
  default     = null

  validation {
    condition     = var.maintenance_windows_file == null || can(jsondecode(file(var.maintenance_windows_file)).windows)
    error_message = "maintenance_windows_file must be a JSON document with windows, as config/maintenance_windows.json. Check it with: nightjar config check."
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

# --- What is watched, and how it is judged ----------------------------------------------------------------------------

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

variable "security_noise_file" {
  description = "What is expected and opens no security incident. Null means config/security_noise.json."
  type        = string
  default     = null

  validation {
    condition     = var.security_noise_file == null || can(jsondecode(file(var.security_noise_file)).expected)
    error_message = "security_noise_file must be a JSON document with expected, as config/security_noise.json. Check it with: nightjar config check."
  }
}

# --- Whom to tell -----------------------------------------------------------------------------------------------------

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

variable "incident_link_base" {
  description = "What the links in notifications begin with; the incident's id follows. Null: no links."
  type        = string
  default     = null

  validation {
    condition     = var.incident_link_base == null || can(regex("^https://\\S+$", var.incident_link_base))
    error_message = "incident_link_base must be an https URL such as https://ops.example.com/incidents/"
  }
}

# --- What may be healed -----------------------------------------------------------------------------------------------

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

variable "remediation_policies_file" {
  description = "Which incident gets which runbook. Null means ../config/remediation_policies.json. Check it with `nightjar config check`."
  type        = string
  default     = null

  validation {
    condition     = var.remediation_policies_file == null || can(jsondecode(file(var.remediation_policies_file)))
    error_message = "remediation_policies_file must name a JSON file."
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

# --- The API ----------------------------------------------------------------------------------------------------------

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

# --- How long things are kept -----------------------------------------------------------------------------------------

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

# --- An instance to try it on -----------------------------------------------------------------------------------------

variable "create_target_instance" {
  description = "Create a small watched instance in the default VPC, to try the system with scripts/stress-test.sh."
  type        = bool
  default     = false
}

variable "target_instance_type" {
  description = "Its type. Null means t4g.micro or t3.micro, by architecture."
  type        = string
  default     = null
}

variable "target_ami_id" {
  description = "Its image. Null means the newest Amazon Linux 2023."
  type        = string
  default     = null

  validation {
    condition     = var.target_ami_id == null || can(regex("^ami-[0-9a-f]{8,17}$", var.target_ami_id))
    error_message = "target_ami_id must look like ami-0123456789abcdef0."
  }
}

variable "target_subnet_id" {
  description = "Its subnet. Null means a default subnet; where the account has no default VPC, name one with a way to the internet."
  type        = string
  default     = null
}
