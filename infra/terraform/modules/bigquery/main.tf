# What the services say, for questions over months. Not what runs print.
resource "google_bigquery_dataset" "service_logs" {
  project                         = var.project_id
  dataset_id                      = "runvoy_service_logs"
  description                     = "Lines of runvoy's services"
  location                        = var.location
  default_partition_expiration_ms = var.retention_days * 86400000
  delete_contents_on_destroy      = !var.deletion_protection

  labels = { managed-by = "runvoy" }

  dynamic "default_encryption_configuration" {
    for_each = var.kms_key == null ? [] : [var.kms_key]

    content {
      kms_key_name = default_encryption_configuration.value
    }
  }
}

resource "google_logging_project_sink" "service_logs" {
  project                = var.project_id
  name                   = "runvoy-service-logs"
  destination            = "bigquery.googleapis.com/projects/${var.project_id}/datasets/${google_bigquery_dataset.service_logs.dataset_id}"
  filter                 = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^runvoy-\" AND severity>=${var.minimum_severity}"
  unique_writer_identity = true

  bigquery_options {
    use_partitioned_tables = true
  }
}

resource "google_bigquery_dataset_iam_member" "writer" {
  project    = var.project_id
  dataset_id = google_bigquery_dataset.service_logs.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_logging_project_sink.service_logs.writer_identity
}
