output "enabled" {
  description = "The APIs that are on."
  value       = [for service in google_project_service.used : service.service]
}
