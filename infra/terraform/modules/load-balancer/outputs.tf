output "address" {
  description = "What the address record of the domain has to hold."
  value       = google_compute_global_address.runvoy.address
}
