output "jobs" {
  description = "The ids of the jobs of Cloud Scheduler."
  value       = [for job in google_cloud_scheduler_job.processor : job.id]
}
