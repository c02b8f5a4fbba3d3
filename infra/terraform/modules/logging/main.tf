# What runs print is the safety lane of their logs. It is kept apart from everybody who may read the project's logs, in a bucket that
# runvoy reads through a view, and sent to the processor.
#
# The filters name jobs of ours alone. A service's own lines are of another resource type: nothing a service prints comes back to it.
locals {
  ours = "resource.type=\"cloud_run_job\" AND resource.labels.job_name=~\"^rv-\""

  printed = "${local.ours} AND (logName:\"run.googleapis.com%2Fstdout\" OR logName:\"run.googleapis.com%2Fstderr\" OR logName:\"varlog%2Fsystem\")"

  sinks = {
    events = { topic = var.events_topic, filter = "${local.ours} AND logName:\"cloudaudit.googleapis.com%2Fsystem_event\"" }
    logs   = { topic = var.logs_topic, filter = local.printed }
  }
}

resource "google_logging_project_bucket_config" "runs" {
  project        = var.project_id
  location       = var.region
  bucket_id      = "runvoy-runs"
  description    = "What runs print, signed by their runners"
  retention_days = var.retention_days
}

resource "google_logging_project_sink" "runs" {
  project                = var.project_id
  name                   = "runvoy-runs"
  description            = "What runs print, to a bucket of its own"
  destination            = "logging.googleapis.com/projects/${var.project_id}/locations/${var.region}/buckets/${google_logging_project_bucket_config.runs.bucket_id}"
  filter                 = local.printed
  unique_writer_identity = true
}

resource "google_project_iam_member" "runs_writer" {
  project = var.project_id
  role    = "roles/logging.bucketWriter"
  member  = google_logging_project_sink.runs.writer_identity

  condition {
    title      = "runvoy runs"
    expression = "resource.name.endsWith(\"locations/${var.region}/buckets/${google_logging_project_bucket_config.runs.bucket_id}\")"
  }
}

# Last, so that no line is in neither place.
resource "google_logging_project_exclusion" "runs" {
  project     = var.project_id
  name        = "runvoy-runs"
  description = "What runs print is in the bucket runvoy-runs"
  filter      = local.printed

  depends_on = [google_project_iam_member.runs_writer]
}

resource "google_logging_project_sink" "push" {
  for_each = local.sinks

  project                = var.project_id
  name                   = "runvoy-${each.key}"
  destination            = "pubsub.googleapis.com/projects/${var.project_id}/topics/${each.value.topic}"
  filter                 = each.value.filter
  unique_writer_identity = true
}

resource "google_pubsub_topic_iam_member" "writer" {
  for_each = local.sinks

  project = var.project_id
  topic   = each.value.topic
  role    = "roles/pubsub.publisher"
  member  = google_logging_project_sink.push[each.key].writer_identity
}
