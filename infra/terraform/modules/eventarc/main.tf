# Cloud Run writes an entry of this method when an execution ends. The sink of module logging brings the same entry: each is enough.
resource "google_eventarc_trigger" "run_job" {
  project         = var.project_id
  name            = "runvoy-run-job"
  location        = var.region
  service_account = var.caller_account

  matching_criteria {
    attribute = "type"
    value     = "google.cloud.audit.log.v1.written"
  }

  matching_criteria {
    attribute = "serviceName"
    value     = "run.googleapis.com"
  }

  matching_criteria {
    attribute = "methodName"
    value     = "/Jobs.RunJob"
  }

  destination {
    cloud_run_service {
      service = var.processor_service
      region  = var.region
      path    = "/events"
    }
  }

  labels = { managed-by = "runvoy" }

  depends_on = [google_project_iam_member.receives]
}

# Eventarc asks for it of the account its calls come from. It allows nothing but being told.
resource "google_project_iam_member" "receives" {
  project = var.project_id
  role    = "roles/eventarc.eventReceiver"
  member  = "serviceAccount:${var.caller_account}"
}
