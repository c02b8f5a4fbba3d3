variable "project_id" {
  type        = string
  description = "The project."
}

variable "project_number" {
  type        = string
  description = "The project's number, which stands in the address of a service."
}

variable "region" {
  type        = string
  description = "Region of the services."
}

variable "environment" {
  type        = string
  description = "Name of this deployment, in logs and telemetry."
}

variable "log_level" {
  type        = string
  description = "debug, info, warn, error or silent."
  default     = "info"
}

variable "domain" {
  type        = string
  description = "The public name behind the load balancer; without one, Cloud Run's own addresses."
  default     = null
}

variable "web_url" {
  type        = string
  description = "The console's address; the API's, which serves it, unless given."
  default     = null
}

variable "cors_allowed_origins" {
  type        = list(string)
  description = "Other sites whose pages may call the API."
  default     = []
}

variable "admin_email" {
  type        = string
  description = "Who is let in first."
}

variable "firestore_database" {
  type        = string
  description = "The database's id."
}

variable "collection_prefix" {
  type        = string
  description = "What the names of its collections begin with."
}

variable "archive_bucket" {
  type        = string
  description = "Bucket of large blobs."
}

variable "secrets_prefix" {
  type        = string
  description = "What the ids of the secrets begin with."
}

variable "secrets_kms_key" {
  type        = string
  description = "The key that Secret Manager encrypts with; Google's own without it."
  default     = null
}

variable "run_logs_view" {
  type        = string
  description = "The view of the log bucket that holds what runs print."
  default     = null
}

variable "reconcile_schedule" {
  type        = string
  description = "When the deployment is compared with its records."
  default     = "0 * * * *"
}

variable "jobs" {
  type = object({
    region                  = optional(string)
    service_accounts        = optional(list(string), [])
    default_runtime         = optional(string, "python313")
    timeout_default_seconds = optional(number, 3600)
    timeout_max_seconds     = optional(number, 600540)
    start_timeout_seconds   = optional(number, 600)
    stop_timeout_seconds    = optional(number, 180)
    max_running             = optional(number, 0)
    max_running_per_user    = optional(number, 0)
    max_running_per_image   = optional(number, 0)
    queue_timeout_seconds   = optional(number, 3600)
  })
  description = "What holds for every run that names nothing else. service_accounts: further accounts that images may name."
  default     = {}
}

variable "logs" {
  type = object({
    max_bytes      = optional(number, 1073741824)
    limit_policy   = optional(string, "stop")
    backpressure   = optional(string, "slow")
    retention_days = optional(number, 30)
  })
  description = "How much a run may write, what happens beyond it (stop or head_tail) and when it writes faster than its lines are taken (slow or spool), and for how many days after its end its log is kept; 0 = for ever."
  default     = {}
}

variable "sidecar_image" {
  type        = string
  description = "The image that runs beside every command."
}

variable "rate_limit" {
  type        = number
  description = "Requests a minute with one key; 0 = no limit."
  default     = 1000
}

variable "rate_limit_refused" {
  type        = number
  description = "Refused keys and claims a minute from one address."
  default     = 100
}

variable "prices" {
  type        = string
  description = "Prices for the cost of a run, as JSON (docs/usage.md)."
  default     = null
}

variable "artifact_repository" {
  type        = string
  description = "Repository of runvoy's own images."
}

variable "vpc_connector" {
  type        = string
  description = "The connector through which jobs reach a private network."
  default     = null
}

variable "vpc_egress" {
  type        = string
  description = "With a connector: all-traffic or private-ranges-only."
  default     = "private-ranges-only"
}

variable "observability" {
  type        = bool
  description = "Whether traces and metrics are exported."
  default     = false
}

variable "traces_sampler" {
  type        = string
  description = "Which traces are recorded, in OpenTelemetry's words."
  default     = "parentbased_always_on"
}
