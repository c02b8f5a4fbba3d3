output "repository" {
  description = "Where images are pushed, for RUNVOY_GCP_ARTIFACT_REGISTRY_REPO."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.runvoy.repository_id}"
}
