# All that has to be said: where, for whom, and which images.
module "runvoy" {
  source = "../.."

  project_id  = var.project_id
  region      = var.region
  admin_email = var.admin_email

  images = {
    for name in ["orchestrator", "processor", "websocket", "sidecar"] :
    name => "${var.region}-docker.pkg.dev/${var.project_id}/runvoy/${name}:${var.release}"
  }
}

output "api_url" {
  description = "What goes into a client's api_endpoint."
  value       = module.runvoy.api_url
}
