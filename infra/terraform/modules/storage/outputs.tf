output "bucket" {
  description = "The archive's name."
  value       = google_storage_bucket.archive.name
}
