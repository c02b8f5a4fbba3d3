# A name of its own, keys of its own, instances that are always there, somebody who is told, and a budget.
module "runvoy" {
  source = "../.."

  project_id    = var.project_id
  region        = var.region
  data_location = var.data_location
  admin_email   = var.admin_email
  environment   = "production"

  images = {
    for name in ["orchestrator", "processor", "websocket", "sidecar"] :
    name => "${var.region}-docker.pkg.dev/${var.project_id}/runvoy/${name}:${var.release}"
  }

  kms_stores = ["secrets", "firestore", "storage", "pubsub", "artifact_registry", "bigquery"]

  network = {
    egress = "private-ranges-only"
  }

  load_balancer = {
    domain = var.domain
    armor  = { requests_per_minute = 600 }
    cdn    = true
  }

  scaling = {
    orchestrator = { min = 1 }
    websocket    = { min = 1 }
  }

  jobs = {
    max_running          = 200
    max_running_per_user = 50
  }

  service_logs_in_bigquery = true
  notification_channels    = var.notification_channels

  budget = {
    billing_account = var.billing_account
  }
}

output "api_url" {
  description = "What goes into a client's api_endpoint."
  value       = module.runvoy.api_url
}

output "load_balancer_address" {
  description = "What the address record of the domain has to hold."
  value       = module.runvoy.load_balancer_address
}
