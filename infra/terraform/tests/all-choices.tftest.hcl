# Every part that may be chosen, at once.
mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = {
      number = "123456789012"
    }
  }
}

variables {
  project_id  = "my-project"
  region      = "europe-west1"
  admin_email = "admin@example.com"

  images = {
    orchestrator = "europe-west1-docker.pkg.dev/my-project/runvoy/orchestrator:0.1.0"
    processor    = "europe-west1-docker.pkg.dev/my-project/runvoy/processor:0.1.0"
    websocket    = "europe-west1-docker.pkg.dev/my-project/runvoy/websocket:0.1.0"
    sidecar      = "europe-west1-docker.pkg.dev/my-project/runvoy/sidecar@sha256:0123456789012345678901234567890123456789012345678901234567890123"
  }

  kms_stores               = ["secrets", "firestore", "storage", "pubsub", "artifact_registry", "bigquery"]
  network                  = {}
  load_balancer            = { domain = "runvoy.example.com", armor = { requests_per_minute = 600 }, cdn = true }
  public_access            = "no-iam-check"
  web_url                  = "https://console.example.com"
  cors_allowed_origins     = ["https://tools.example.com"]
  keep_alive               = true
  service_logs_in_bigquery = true
  notification_channels    = ["projects/my-project/notificationChannels/1"]
  budget                   = { billing_account = "012345-567890-ABCDEF" }
  scaling                  = { orchestrator = { min = 1 }, websocket = { min = 1, cpu = "2", memory = "1Gi" } }
  logs                     = { limit_policy = "head_tail", backpressure = "spool", retention_days = 0 }
  jobs                     = { service_accounts = ["reports@my-project.iam.gserviceaccount.com"], max_running = 200 }
}

run "everything_is_made" {
  command = plan

  assert {
    condition     = output.api_url == "https://runvoy.example.com"
    error_message = "Clients are told the name behind the load balancer."
  }
}
