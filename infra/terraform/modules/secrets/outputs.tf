output "signing_key_id" {
  description = "Id of the secret that RUNVOY_SIGNING_KEY is read from."
  value       = google_secret_manager_secret.signing_key.secret_id
}
