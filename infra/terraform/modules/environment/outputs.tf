output "variables" {
  description = "Service to the variables that it is given in plain. RUNVOY_SIGNING_KEY is read from its secret."
  value = {
    for service in local.services : service => {
      for name, value in merge(local.common, local.own[service]) : name => value if value != null
    }
  }
}

output "urls" {
  description = "Service to its own address at Cloud Run."
  value       = local.urls
}

output "api_url" {
  description = "Where clients find the API."
  value       = coalesce(local.public_host, local.urls.orchestrator)
}
