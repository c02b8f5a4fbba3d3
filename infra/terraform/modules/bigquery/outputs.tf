output "dataset" {
  description = "The dataset's id."
  value       = google_bigquery_dataset.service_logs.dataset_id
}
