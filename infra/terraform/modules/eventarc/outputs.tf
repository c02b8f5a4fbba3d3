output "trigger" {
  description = "The trigger's id."
  value       = google_eventarc_trigger.run_job.id
}
