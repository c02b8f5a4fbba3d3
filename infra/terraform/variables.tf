variable "project_id" {
  type        = string
  description = "The project that runvoy lives in. One of its own is best: the permissions of its accounts are granted on it."

  validation {
    condition     = can(regex("^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a project's id, such as my-project."
  }
}

variable "region" {
  type        = string
  description = "Where services and runs are."

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]{1,2}$", var.region))
    error_message = "region must be a region, such as europe-west1."
  }
}

variable "data_location" {
  type        = string
  description = "Where Firestore, archive and BigQuery keep their data; the region of the services by default. Firestore's can never be changed."
  default     = null
}

variable "environment" {
  type        = string
  description = "Name of this deployment, in logs and telemetry."
  default     = "production"

  validation {
    condition     = can(regex("^[A-Za-z0-9][\\w-]{0,62}$", var.environment))
    error_message = "environment must be 1 to 63 letters, digits, hyphens or underscores."
  }
}

variable "admin_email" {
  type        = string
  description = "Who is let in first, by a link that runvoy-admin-link prints."

  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.admin_email))
    error_message = "admin_email must be an e-mail address."
  }
}

variable "images" {
  type = object({
    orchestrator = string
    processor    = string
    websocket    = string
    sidecar      = string
  })
  description = "runvoy's own images, each by tag or digest. cloudbuild.yaml builds them."

  validation {
    condition     = alltrue([for image in values(var.images) : can(regex("^[^@:]+(:[0-9]+/[^@:]+)?(:[\\w.-]+|@sha256:[0-9a-f]{64})$", image)) && !endswith(image, ":latest")])
    error_message = "Each image needs a tag or a digest, and latest is neither: nobody could say what runs."
  }
}

variable "signing_key_version" {
  type        = string
  description = "The version of the secret <secrets_prefix>-signing-key that services read. Raise it after adding one."
  default     = "1"
}

variable "firestore_database" {
  type        = string
  description = "Id of the database. After a restore it is that of the restored one."
  default     = "runvoy"

  validation {
    condition     = can(regex("^(\\(default\\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$", var.firestore_database))
    error_message = "firestore_database must be 4 to 63 lower-case letters, digits or hyphens, or (default)."
  }
}

variable "collection_prefix" {
  type        = string
  description = "What the names of the collections begin with."
  default     = "runvoy-"

  validation {
    condition     = can(regex("^[A-Za-z0-9][\\w-]{0,62}$", var.collection_prefix))
    error_message = "collection_prefix must be 1 to 63 letters, digits, hyphens or underscores."
  }
}

variable "secrets_prefix" {
  type        = string
  description = "What the ids of the secrets begin with. Services may read every secret whose id begins so: it has to be runvoy's alone."
  default     = "runvoy-secrets"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.secrets_prefix))
    error_message = "secrets_prefix must be 1 to 64 letters, digits, hyphens or underscores."
  }
}

variable "kms_stores" {
  type        = set(string)
  description = "Stores that get a key of their own: secrets, firestore, storage, pubsub, artifact_registry, bigquery. A store cannot get one later without being made again."
  default     = []

  validation {
    condition     = length(var.kms_stores) == 0 || var.data_location == null || var.data_location == var.region
    error_message = "Keys are made in the region of the services: with kms_stores, data_location must be that region or left out."
  }
}

variable "network" {
  type = object({
    connector_cidr = optional(string, "10.20.255.0/28")
    egress         = optional(string, "private-ranges-only")
  })
  description = "A network and connector through which runs reach private addresses. The connector's instances cost, used or not."
  default     = null

  validation {
    condition     = var.network == null || contains(["all-traffic", "private-ranges-only"], try(var.network.egress, ""))
    error_message = "network.egress must be all-traffic or private-ranges-only."
  }
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
  description = "What holds for every run that names nothing else (docs/config.md). service_accounts: further accounts that images may name."
  default     = {}

  validation {
    condition     = var.jobs.timeout_default_seconds <= var.jobs.timeout_max_seconds
    error_message = "jobs.timeout_default_seconds must not be above jobs.timeout_max_seconds."
  }
}

variable "logs" {
  type = object({
    max_bytes      = optional(number, 1073741824)
    limit_policy   = optional(string, "stop")
    backpressure   = optional(string, "slow")
    retention_days = optional(number, 30)
  })
  description = "How much a run may write, what happens beyond it (stop or head_tail) and when it writes faster than its lines are taken (slow or spool), and for how many days after its end its log is kept; 0 = for ever. See docs/config.md."
  default     = {}

  validation {
    condition     = contains(["stop", "head_tail"], var.logs.limit_policy)
    error_message = "logs.limit_policy must be stop or head_tail."
  }

  validation {
    condition     = contains(["slow", "spool"], var.logs.backpressure)
    error_message = "logs.backpressure must be slow or spool."
  }

  validation {
    condition     = var.logs.retention_days >= 0 && floor(var.logs.retention_days) == var.logs.retention_days
    error_message = "logs.retention_days must be a whole number, 0 or more."
  }
}

variable "scaling" {
  type = object({
    orchestrator = optional(object({ min = optional(number, 0), max = optional(number, 100), cpu = optional(string, "1"), memory = optional(string, "512Mi") }), {})
    processor    = optional(object({ min = optional(number, 0), max = optional(number, 100), cpu = optional(string, "1"), memory = optional(string, "512Mi") }), {})
    intake       = optional(object({ min = optional(number, 0), max = optional(number, 100), cpu = optional(string, "1"), memory = optional(string, "512Mi") }), {})
    websocket    = optional(object({ min = optional(number, 0), max = optional(number, 100), cpu = optional(string, "1"), memory = optional(string, "512Mi") }), {})
  })
  description = "Instances and size of each service. An instance of min costs, used or not."
  default     = {}

  validation {
    condition     = alltrue([for one in values(var.scaling) : one.min >= 0 && one.min <= one.max && one.max >= 1 && one.max <= 1000])
    error_message = "scaling: min must be 0 or more, max 1 to 1000, and min at most max."
  }
}

variable "public_access" {
  type        = string
  description = "How everybody reaches API, intake and live view, which check by themselves who calls: all-users, or no-iam-check where an organisation refuses allUsers."
  default     = "all-users"

  validation {
    condition     = contains(["all-users", "no-iam-check"], var.public_access)
    error_message = "public_access must be all-users or no-iam-check."
  }
}

variable "load_balancer" {
  type = object({
    domain = string
    armor  = optional(object({ requests_per_minute = number }))
    cdn    = optional(bool, false)
  })
  description = "A name of yours before API, console and live view, with a managed certificate; Cloud Armor, and Cloud CDN for the console's files, by choice."
  default     = null
}

variable "web_url" {
  type        = string
  description = "The console's address, which sign-in links lead to; the API's, which serves it, unless yours is elsewhere."
  default     = null

  validation {
    condition     = var.web_url == null || can(regex("^https://[^/]+$", var.web_url))
    error_message = "web_url must be https:// and a host, without a path."
  }
}

variable "cors_allowed_origins" {
  type        = list(string)
  description = "Other sites whose pages may call the API."
  default     = []

  validation {
    condition     = alltrue([for origin in var.cors_allowed_origins : can(regex("^https?://[^/*]+$", origin))])
    error_message = "An origin is https:// and a host; * is none."
  }
}

variable "rate_limit" {
  type        = number
  description = "Requests a minute with one key; 0 = no limit."
  default     = 1000

  validation {
    condition     = var.rate_limit >= 0 && var.rate_limit <= 1000000
    error_message = "rate_limit must be 0 to 1000000."
  }
}

variable "rate_limit_refused" {
  type        = number
  description = "Refused keys and claims a minute from one address."
  default     = 100

  validation {
    condition     = var.rate_limit_refused >= 1 && var.rate_limit_refused <= 1000000
    error_message = "rate_limit_refused must be 1 to 1000000."
  }
}

variable "prices" {
  type        = string
  description = "Prices for the cost of a run, as JSON (docs/usage.md)."
  default     = null
}

variable "log_level" {
  type        = string
  description = "Of the services: debug, info, warn, error or silent. Alerts count lines of level warn."
  default     = "info"

  validation {
    condition     = contains(["debug", "info", "warn", "error", "silent"], var.log_level)
    error_message = "log_level must be debug, info, warn, error or silent."
  }
}

variable "observability" {
  type        = bool
  description = "Whether the services send traces to Cloud Trace and their numbers to Cloud Monitoring (docs/telemetry.md)."
  default     = false
}

variable "traces_sampler" {
  type        = string
  description = "Which traces are recorded: always_on, always_off, parentbased_always_on or parentbased_always_off. Cloud Run's front end records few, so always_on is what shows every run."
  default     = "parentbased_always_on"

  validation {
    condition     = contains(["always_on", "always_off", "parentbased_always_on", "parentbased_always_off"], var.traces_sampler)
    error_message = "traces_sampler must be always_on, always_off, parentbased_always_on or parentbased_always_off."
  }
}

variable "run_log_retention_days" {
  type        = number
  description = "Days that what runs print is kept in Cloud Logging. runvoy's own copy is in its store."
  default     = 30
}

variable "reconcile_schedule" {
  type        = string
  description = "When the deployment is compared with its records, in five fields."
  default     = "0 * * * *"
}

variable "keep_alive" {
  type        = bool
  description = "Whether the API is asked every five minutes, so that it seldom starts cold."
  default     = false
}

variable "service_logs_in_bigquery" {
  type        = bool
  description = "Whether the lines of the services are kept in BigQuery too."
  default     = false
}

variable "notification_channels" {
  type        = list(string)
  description = "Channels of Cloud Monitoring that alerts and budget tell: projects/P/notificationChannels/N."
  default     = []
}

variable "budget" {
  type = object({
    billing_account = string
    warning         = optional(number, 500)
    critical        = optional(number, 1000)
    currency        = optional(string, "USD")
  })
  description = "A budget for the month. Whoever applies it needs rights on the billing account."
  default     = null
}

variable "deletion_protection" {
  type        = bool
  description = "Whether database, secrets, services and buckets refuse to be deleted. Switch it off, apply, and only then destroy."
  default     = true
}
