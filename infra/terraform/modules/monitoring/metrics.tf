# What the services say in words, counted. A test looks each of these messages up in their sources.
locals {
  said = {
    dead_letters      = { service = "runvoy-processor", message = "a dead letter was kept" }
    stuck_stops       = { service = "runvoy-processor", message = "stops are not confirmed in time; their cancel is sent again at each look" }
    reconcile_errors  = { service = "runvoy-processor", message = "the health report has errors" }
    events_put_aside  = { service = "runvoy-processor", message = "an event was put aside" }
    unknown_starts    = { service = "runvoy-orchestrator", message = "the outcome of a start is unknown; a look will tell" }
    service_not_ready = { service = "runvoy-.*", message = "not ready" }
  }
}

resource "google_logging_metric" "said" {
  for_each = local.said

  project     = var.project_id
  name        = "runvoy/${each.key}"
  description = "Lines of ${each.value.service} that say: ${each.value.message}"
  filter      = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^${each.value.service}$\" AND jsonPayload.message=\"${each.value.message}\""

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

# Cloud Scheduler writes a line of its own when a tick was not answered well.
resource "google_logging_metric" "failed_ticks" {
  project     = var.project_id
  name        = "runvoy/failed_ticks"
  description = "Ticks and sweeps that the processor did not carry out"
  filter      = "resource.type=\"cloud_scheduler_job\" AND resource.labels.job_id=~\"^runvoy-(tick|sweep)$\" AND severity>=ERROR"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}
