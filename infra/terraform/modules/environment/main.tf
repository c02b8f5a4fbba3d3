# What each service is told. One set of variables for all, and what differs by service. There is no provider in this module: a test
# evaluates it, and reads the result with the services' own reader (docs/config.md).
locals {
  services = ["orchestrator", "processor", "intake", "websocket"]

  # Cloud Run's address of a service follows from its name, so that services may name each other before they exist.
  urls = { for service in local.services : service => "https://runvoy-${service}-${var.project_number}.${var.region}.run.app" }

  account = { for id in concat(local.services, ["caller", "job"]) : id => "runvoy-${id}@${replace(var.project_id, "/^(.*):(.*)$/", "$2.$1")}.iam.gserviceaccount.com" }

  public_host = var.domain == null ? null : "https://${var.domain}"

  common = {
    RUNVOY_BACKEND_PROVIDER                = "gcp"
    RUNVOY_GCP_PROJECT_ID                  = var.project_id
    RUNVOY_GCP_REGION                      = var.region
    RUNVOY_ENVIRONMENT                     = var.environment
    RUNVOY_LOG_LEVEL                       = var.log_level
    RUNVOY_GCP_ORCHESTRATOR_SERVICE        = "runvoy-orchestrator"
    RUNVOY_GCP_PROCESSOR_SERVICE           = "runvoy-processor"
    RUNVOY_GCP_INTAKE_SERVICE              = "runvoy-intake"
    RUNVOY_GCP_WEBSOCKET_SERVICE           = "runvoy-websocket"
    RUNVOY_INTAKE_URL                      = local.urls.intake
    RUNVOY_PROCESSOR_URL                   = local.urls.processor
    RUNVOY_WEBSOCKET_URL                   = replace(coalesce(local.public_host, local.urls.websocket), "/^https/", "wss")
    RUNVOY_WEB_URL                         = coalesce(var.web_url, local.public_host, local.urls.orchestrator)
    RUNVOY_CORS_ALLOWED_ORIGINS            = length(var.cors_allowed_origins) == 0 ? null : join(",", var.cors_allowed_origins)
    RUNVOY_ADMIN_EMAIL                     = var.admin_email
    RUNVOY_GCP_CALLER_SERVICE_ACCOUNT      = local.account.caller
    RUNVOY_GCP_FIRESTORE_DATABASE          = var.firestore_database
    RUNVOY_GCP_FIRESTORE_COLLECTION_PREFIX = var.collection_prefix
    RUNVOY_GCP_ARCHIVE_BUCKET              = var.archive_bucket
    RUNVOY_GCP_SECRETS_PREFIX              = var.secrets_prefix
    RUNVOY_GCP_SECRETS_KMS_KEY             = var.secrets_kms_key
    RUNVOY_GCP_EVENTARC_TOPIC              = "runvoy-events"
    RUNVOY_GCP_PUBSUB_LOGS_TOPIC           = "runvoy-logs"
    RUNVOY_GCP_LOG_VIEW                    = var.run_logs_view
    RUNVOY_GCP_HEALTH_RECONCILE_SCHEDULE   = var.reconcile_schedule
    RUNVOY_GCP_JOB_DEFAULT_REGION          = coalesce(var.jobs.region, var.region)
    RUNVOY_GCP_JOB_DEFAULT_SERVICE_ACCOUNT = local.account.job
    RUNVOY_GCP_JOB_SERVICE_ACCOUNTS        = join(",", concat([local.account.job], var.jobs.service_accounts))
    RUNVOY_GCP_JOB_DEFAULT_RUNTIME         = var.jobs.default_runtime
    RUNVOY_GCP_SIDECAR_IMAGE               = var.sidecar_image
    RUNVOY_TIMEOUT_DEFAULT_SECONDS         = tostring(var.jobs.timeout_default_seconds)
    RUNVOY_TIMEOUT_MAX_SECONDS             = tostring(var.jobs.timeout_max_seconds)
    RUNVOY_START_TIMEOUT                   = tostring(var.jobs.start_timeout_seconds)
    RUNVOY_STOP_TIMEOUT                    = tostring(var.jobs.stop_timeout_seconds)
    RUNVOY_MAX_RUNNING                     = tostring(var.jobs.max_running)
    RUNVOY_MAX_RUNNING_PER_USER            = tostring(var.jobs.max_running_per_user)
    RUNVOY_MAX_RUNNING_PER_IMAGE           = tostring(var.jobs.max_running_per_image)
    RUNVOY_QUEUE_TIMEOUT                   = tostring(var.jobs.queue_timeout_seconds)
    RUNVOY_LOG_MAX_BYTES                   = tostring(var.logs.max_bytes)
    RUNVOY_LOG_LIMIT_POLICY                = var.logs.limit_policy
    RUNVOY_LOG_BACKPRESSURE                = var.logs.backpressure
    RUNVOY_LOG_RETENTION_DAYS              = tostring(var.logs.retention_days)
    RUNVOY_RATE_LIMIT                      = tostring(var.rate_limit)
    RUNVOY_RATE_LIMIT_REFUSED              = tostring(var.rate_limit_refused)
    RUNVOY_TRUSTED_PROXY_HOPS              = var.domain == null ? "1" : "2"
    RUNVOY_PRICES                          = var.prices
    RUNVOY_GCP_ARTIFACT_REGISTRY_REPO      = var.artifact_repository
    RUNVOY_GCP_VPC_CONNECTOR               = var.vpc_connector
    RUNVOY_GCP_VPC_EGRESS                  = var.vpc_connector == null ? null : var.vpc_egress
    RUNVOY_GCP_OBSERVABILITY_ENABLED       = tostring(var.observability)
    RUNVOY_GCP_METRICS_NAMESPACE           = "runvoy"
    RUNVOY_ACCESS_LOG                      = "true"
    OTEL_TRACES_SAMPLER                    = var.observability ? var.traces_sampler : null
  }

  # The intake is the processor's image with other routes. On the private service alone has Cloud Run checked who calls.
  own = {
    orchestrator = {}
    processor    = { RUNVOY_PROCESSOR_ROUTES = "events", RUNVOY_GCP_CALLER_CHECK = "iam" }
    intake       = { RUNVOY_PROCESSOR_ROUTES = "runner" }
    websocket    = {}
  }
}
