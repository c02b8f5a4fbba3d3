# Read before anything is made, so that a first plan already names every address. Cloud Resource Manager has to be on (docs/operations).
data "google_project" "this" {
  project_id = var.project_id
}

locals {
  number          = data.google_project.this.number
  archive_bucket  = "${replace(var.project_id, "/^.*:/", "")}-runvoy-archive"
  store_locations = coalesce(var.data_location, var.region)
}

module "project_services" {
  source = "./modules/project-services"

  project_id = var.project_id
  optional = concat(
    var.network == null ? [] : ["compute.googleapis.com", "vpcaccess.googleapis.com"],
    var.load_balancer == null ? [] : ["compute.googleapis.com"],
    length(var.kms_stores) == 0 ? [] : ["cloudkms.googleapis.com"],
    var.service_logs_in_bigquery ? ["bigquery.googleapis.com"] : [],
    var.budget == null ? [] : ["billingbudgets.googleapis.com"],
    var.observability ? ["cloudtrace.googleapis.com", "telemetry.googleapis.com"] : [],
  )
}

module "kms" {
  source = "./modules/kms"

  project_id     = var.project_id
  project_number = local.number
  region         = local.store_locations
  stores         = var.kms_stores
}

module "network" {
  source = "./modules/network"
  count  = var.network == null ? 0 : 1

  project_id     = var.project_id
  region         = coalesce(var.jobs.region, var.region)
  connector_cidr = var.network.connector_cidr

  depends_on = [module.project_services]
}

module "service_accounts" {
  source = "./modules/service-accounts"

  project_id = var.project_id

  depends_on = [module.project_services]
}

module "artifact_registry" {
  source = "./modules/artifact-registry"

  project_id = var.project_id
  region     = var.region
  kms_key    = lookup(module.kms.keys, "artifact_registry", null)

  depends_on = [module.project_services]
}

module "secrets" {
  source = "./modules/secrets"

  project_id          = var.project_id
  prefix              = var.secrets_prefix
  kms_key             = lookup(module.kms.keys, "secrets", null)
  deletion_protection = var.deletion_protection

  depends_on = [module.project_services]
}

module "firestore" {
  source = "./modules/firestore"

  project_id          = var.project_id
  location            = local.store_locations
  database            = var.firestore_database
  collection_prefix   = var.collection_prefix
  kms_key             = lookup(module.kms.keys, "firestore", null)
  deletion_protection = var.deletion_protection

  depends_on = [module.project_services]
}

module "storage" {
  source = "./modules/storage"

  project_id         = var.project_id
  name               = local.archive_bucket
  location           = local.store_locations
  log_retention_days = var.logs.retention_days
  force_destroy      = !var.deletion_protection
  kms_key            = lookup(module.kms.keys, "storage", null)

  depends_on = [module.project_services]
}

module "pubsub" {
  source = "./modules/pubsub"

  project_id          = var.project_id
  project_number      = local.number
  processor_url       = module.environment.urls.processor
  caller_account      = module.service_accounts.emails["runvoy-caller"]
  caller_account_name = module.service_accounts.names["runvoy-caller"]
  kms_key             = lookup(module.kms.keys, "pubsub", null)

  depends_on = [module.project_services]
}

module "logging" {
  source = "./modules/logging"

  project_id     = var.project_id
  region         = var.region
  events_topic   = module.pubsub.topics.events
  logs_topic     = module.pubsub.topics.logs
  retention_days = var.run_log_retention_days

  depends_on = [module.project_services]
}

module "iam" {
  source = "./modules/iam"

  project_id         = var.project_id
  project_number     = local.number
  account_emails     = module.service_accounts.emails
  firestore_database = module.firestore.database
  secrets_prefix     = var.secrets_prefix
  run_logs_view      = module.logging.run_logs_view
  events_topic       = module.pubsub.topics.events
  dead_letter_topic  = module.pubsub.topics.dead_letters
  archive_bucket     = module.storage.bucket

  job_account_names = merge(
    { runvoy-job = module.service_accounts.names["runvoy-job"] },
    { for email in var.jobs.service_accounts : email => "projects/${var.project_id}/serviceAccounts/${email}" },
  )
}

module "environment" {
  source = "./modules/environment"

  project_id           = var.project_id
  project_number       = local.number
  region               = var.region
  environment          = var.environment
  log_level            = var.log_level
  observability        = var.observability
  traces_sampler       = var.traces_sampler
  domain               = try(var.load_balancer.domain, null)
  web_url              = var.web_url
  cors_allowed_origins = var.cors_allowed_origins
  admin_email          = var.admin_email
  firestore_database   = var.firestore_database
  collection_prefix    = var.collection_prefix
  archive_bucket       = local.archive_bucket
  secrets_prefix       = var.secrets_prefix
  secrets_kms_key      = contains(var.kms_stores, "secrets") ? "projects/${var.project_id}/locations/global/keyRings/runvoy/cryptoKeys/secrets" : null
  run_logs_view        = "projects/${var.project_id}/locations/${var.region}/buckets/runvoy-runs/views/_AllLogs"
  reconcile_schedule   = var.reconcile_schedule
  jobs                 = var.jobs
  logs                 = var.logs
  sidecar_image        = var.images.sidecar
  rate_limit           = var.rate_limit
  rate_limit_refused   = var.rate_limit_refused
  prices               = var.prices
  artifact_repository  = module.artifact_registry.repository
  vpc_connector        = var.network == null ? null : "projects/${var.project_id}/locations/${coalesce(var.jobs.region, var.region)}/connectors/runvoy"
  vpc_egress           = try(var.network.egress, "private-ranges-only")
}

module "run_services" {
  source = "./modules/run-services"

  project_id           = var.project_id
  region               = var.region
  images               = var.images
  environment          = module.environment.variables
  account_emails       = module.service_accounts.emails
  invoker_role         = module.iam.invoker_role
  grants               = module.iam.ready
  signing_key_secret   = module.secrets.signing_key_id
  signing_key_version  = var.signing_key_version
  scaling              = var.scaling
  public_access        = var.public_access
  behind_load_balancer = var.load_balancer != null
  deletion_protection  = var.deletion_protection
}

module "eventarc" {
  source = "./modules/eventarc"

  project_id        = var.project_id
  region            = var.region
  processor_service = module.run_services.names.processor
  caller_account    = module.service_accounts.emails["runvoy-caller"]
}

module "scheduler" {
  source = "./modules/scheduler"

  project_id         = var.project_id
  region             = var.region
  processor_url      = module.environment.urls.processor
  orchestrator_url   = module.environment.urls.orchestrator
  caller_account     = module.service_accounts.emails["runvoy-caller"]
  reconcile_schedule = var.reconcile_schedule
  keep_alive         = var.keep_alive

  depends_on = [module.run_services]
}

module "bigquery" {
  source = "./modules/bigquery"
  count  = var.service_logs_in_bigquery ? 1 : 0

  project_id          = var.project_id
  location            = local.store_locations
  deletion_protection = var.deletion_protection
  kms_key             = lookup(module.kms.keys, "bigquery", null)

  depends_on = [module.project_services]
}

module "monitoring" {
  source = "./modules/monitoring"

  project_id            = var.project_id
  notification_channels = var.notification_channels

  depends_on = [module.project_services]
}

module "load_balancer" {
  source = "./modules/load-balancer"
  count  = var.load_balancer == null ? 0 : 1

  project_id    = var.project_id
  region        = var.region
  domain        = var.load_balancer.domain
  armor         = var.load_balancer.armor
  cdn           = var.load_balancer.cdn
  service_names = module.run_services.names
}

module "budget" {
  source = "./modules/budget"
  count  = var.budget == null ? 0 : 1

  project_id            = var.project_id
  project_number        = local.number
  billing_account       = var.budget.billing_account
  warning               = var.budget.warning
  critical              = var.budget.critical
  currency              = var.budget.currency
  notification_channels = var.notification_channels

  depends_on = [module.project_services]
}
