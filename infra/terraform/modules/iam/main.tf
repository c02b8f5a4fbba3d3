# Every role and grant of runvoy's own accounts is made from one table: generated/roles.json, which tools/write-terraform.ts writes from
# the table the fakes enforce (libs/google-fakes/src/permissions.ts). A permission that is not in that table is not in this project.
locals {
  roles = { for role in jsondecode(file("${path.module}/../../generated/roles.json")) : role.role_id => role }

  role_names = { for id, role in google_project_iam_custom_role.runvoy : id => "projects/${role.project}/roles/${role.role_id}" }

  # A grant on the whole project may still hold for a part of it alone, by the name of the resource that is asked for. Secret
  # Manager names a project by its number.
  conditions = {
    project  = null
    database = "resource.name == \"projects/${var.project_id}/databases/${var.firestore_database}\""
    secrets  = "resource.name.startsWith(\"projects/${var.project_number}/secrets/${var.secrets_prefix}\")"
    run_logs = "resource.name == \"${var.run_logs_view}\""
  }
}

resource "google_project_iam_custom_role" "runvoy" {
  for_each = local.roles

  project     = var.project_id
  role_id     = each.value.role_id
  title       = "runvoy: ${trimprefix(each.value.account, "runvoy-")}, ${each.value.scope}"
  description = "Made from runvoy's table of permissions. Do not change it here."
  permissions = each.value.permissions
}

resource "google_project_iam_member" "own" {
  for_each = { for id, role in local.roles : id => role if contains(keys(local.conditions), role.scope) }

  project = var.project_id
  role    = local.role_names[each.key]
  member  = "serviceAccount:${var.account_emails[each.value.account]}"

  dynamic "condition" {
    for_each = local.conditions[each.value.scope] == null ? [] : [local.conditions[each.value.scope]]

    content {
      title      = "runvoy ${each.value.scope}"
      expression = condition.value
    }
  }
}

# Whoever makes a job must be allowed to run it as the job's account, and as no other.
resource "google_service_account_iam_member" "job_account" {
  for_each = merge([
    for id, role in local.roles : {
      for account, name in var.job_account_names : "${id}/${account}" => { role = id, account = role.account, on = name }
    } if role.scope == "job_account"
  ]...)

  service_account_id = each.value.on
  role               = local.role_names[each.value.role]
  member             = "serviceAccount:${var.account_emails[each.value.account]}"
}

resource "google_pubsub_topic_iam_member" "events" {
  for_each = { for id, role in local.roles : id => role if role.scope == "events_topic" }

  project = var.project_id
  topic   = var.events_topic
  role    = local.role_names[each.key]
  member  = "serviceAccount:${var.account_emails[each.value.account]}"
}

resource "google_pubsub_topic_iam_member" "dead_letters" {
  for_each = { for id, role in local.roles : id => role if role.scope == "dead_letter_topic" }

  project = var.project_id
  topic   = var.dead_letter_topic
  role    = local.role_names[each.key]
  member  = "serviceAccount:${var.account_emails[each.value.account]}"
}

resource "google_storage_bucket_iam_member" "archive" {
  for_each = { for id, role in local.roles : id => role if role.scope == "archive" }

  bucket = var.archive_bucket
  role   = local.role_names[each.key]
  member = "serviceAccount:${var.account_emails[each.value.account]}"
}
