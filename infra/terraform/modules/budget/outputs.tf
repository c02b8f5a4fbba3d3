output "budget" {
  description = "The budget's full name."
  value       = google_billing_budget.runvoy.name
}
