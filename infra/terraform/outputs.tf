output "api_url" {
  description = "What goes into a client's api_endpoint."
  value       = module.environment.api_url
}

output "service_urls" {
  description = "Each service's own address."
  value       = module.environment.urls
}

output "repository" {
  description = "Where images are pushed."
  value       = module.artifact_registry.repository
}

output "signing_key_secret" {
  description = "The secret that wants its first version before the services start."
  value       = module.secrets.signing_key_id
}

output "accounts" {
  description = "runvoy's own accounts."
  value       = module.service_accounts.emails
}

output "load_balancer_address" {
  description = "What the address record of the domain has to hold."
  value       = one(module.load_balancer[*].address)
}
