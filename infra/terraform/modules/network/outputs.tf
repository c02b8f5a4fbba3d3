output "connector" {
  description = "The connector's full name, for RUNVOY_GCP_VPC_CONNECTOR."
  value       = google_vpc_access_connector.runvoy.id
}
