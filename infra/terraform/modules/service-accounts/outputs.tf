output "emails" {
  description = "Account id to e-mail."
  value       = { for id, account in google_service_account.runvoy : id => "${account.account_id}@${local.domain}" }
}

output "names" {
  description = "Account id to full resource name."
  value       = { for id, account in google_service_account.runvoy : id => "projects/${account.project}/serviceAccounts/${account.account_id}@${local.domain}" }
}
