output "invoker_role" {
  description = "The role that lets the caller's account call the processor; granted on that service alone."
  value       = one([for id, role in local.roles : local.role_names[id] if role.scope == "processor"])
}

# What has to be there before a service starts: it reads its signing keys and asks its store at once.
output "ready" {
  description = "Known when every grant exists."
  value = concat(
    [for member in google_project_iam_member.own : member.id],
    [for member in google_service_account_iam_member.job_account : member.id],
  )
}
