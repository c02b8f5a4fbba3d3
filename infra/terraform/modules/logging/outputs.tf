output "run_logs_view" {
  description = "Through which runvoy reads what runs have printed, for RUNVOY_GCP_LOG_VIEW."
  value       = "projects/${var.project_id}/locations/${var.region}/buckets/${google_logging_project_bucket_config.runs.bucket_id}/views/_AllLogs"
}
