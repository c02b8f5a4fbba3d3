# Each job posts the same words every time. A tick that fails is not repeated: the next one comes within its minute.
locals {
  jobs = {
    tick  = { schedule = "* * * * *", does = "looks that are due, the outbox" }
    sweep = { schedule = var.reconcile_schedule, does = "compares the deployment with its records" }
  }
}

resource "google_cloud_scheduler_job" "processor" {
  for_each = local.jobs

  project          = var.project_id
  region           = var.region
  name             = "runvoy-${each.key}"
  description      = "runvoy: ${each.value.does}"
  schedule         = each.value.schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "60s"

  retry_config {
    retry_count = 0
  }

  http_target {
    uri         = "${var.processor_url}/events/tick"
    http_method = "POST"
    headers     = { "Content-Type" = "application/cloudevents+json" }

    body = base64encode(jsonencode({
      specversion = "1.0"
      id          = each.key
      source      = "/runvoy/scheduler"
      type        = "dev.runvoy.${each.key}.v1"
      data        = {}
    }))

    oidc_token {
      service_account_email = var.caller_account
      audience              = var.processor_url
    }
  }
}

# By choice: keeps an instance of the API warm for whoever comes next.
resource "google_cloud_scheduler_job" "keep_alive" {
  count = var.keep_alive ? 1 : 0

  project          = var.project_id
  region           = var.region
  name             = "runvoy-keep-alive"
  description      = "runvoy: keeps an instance of the API warm"
  schedule         = "*/5 * * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = "30s"

  http_target {
    uri         = "${var.orchestrator_url}/health"
    http_method = "GET"
  }
}
