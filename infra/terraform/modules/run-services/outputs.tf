output "names" {
  description = "What a service is for, to its id."
  value       = { for key, service in google_cloud_run_v2_service.runvoy : key => service.name }
}

output "uris" {
  description = "The address that Cloud Run reports of each service; compare with the one it was told."
  value       = { for key, service in google_cloud_run_v2_service.runvoy : key => service.uri }
}
