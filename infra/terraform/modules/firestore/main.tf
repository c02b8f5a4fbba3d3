# Indexes, expiry and exemptions come from generated/firestore.json, which tools/write-terraform.ts writes from the declared queries
# (libs/core/src/records/collections.ts). No other index exists: an entry costs each write time and money.
locals {
  wanted  = jsondecode(file("${path.module}/../../generated/firestore.json"))
  indexes = { for index in local.wanted.indexes : join("/", concat([index.collection], [for field in index.fields : "${field.field_path}:${coalesce(field.order, field.array_config)}"])) => index }
  fields  = { for field in local.wanted.fields : "${field.collection}/${field.field}" => field }
}

resource "google_firestore_database" "runvoy" {
  project                           = var.project_id
  name                              = var.database
  location_id                       = var.location
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "PESSIMISTIC"
  app_engine_integration_mode       = "DISABLED"
  point_in_time_recovery_enablement = var.point_in_time_recovery ? "POINT_IN_TIME_RECOVERY_ENABLED" : "POINT_IN_TIME_RECOVERY_DISABLED"
  delete_protection_state           = var.deletion_protection ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.deletion_protection ? "ABANDON" : "DELETE"

  dynamic "cmek_config" {
    for_each = var.kms_key == null ? [] : [var.kms_key]

    content {
      kms_key_name = cmek_config.value
    }
  }
}

resource "google_firestore_index" "declared" {
  for_each = local.indexes

  project     = var.project_id
  database    = google_firestore_database.runvoy.name
  collection  = "${var.collection_prefix}${each.value.collection}"
  query_scope = "COLLECTION"

  dynamic "fields" {
    for_each = each.value.fields

    content {
      field_path   = fields.value.field_path
      order        = fields.value.order
      array_config = fields.value.array_config
    }
  }
}

resource "google_firestore_field" "declared" {
  for_each = local.fields

  project    = var.project_id
  database   = google_firestore_database.runvoy.name
  collection = "${var.collection_prefix}${each.value.collection}"
  field      = each.value.field

  # Empty: nothing is indexed.
  index_config {
    dynamic "indexes" {
      for_each = each.value.orders

      content {
        order       = indexes.value
        query_scope = "COLLECTION"
      }
    }
  }

  dynamic "ttl_config" {
    for_each = each.value.ttl ? [true] : []

    content {}
  }
}

resource "google_firestore_backup_schedule" "daily" {
  project   = var.project_id
  database  = google_firestore_database.runvoy.name
  retention = "${var.daily_backup_days * 86400}s"

  daily_recurrence {}
}

resource "google_firestore_backup_schedule" "weekly" {
  project   = var.project_id
  database  = google_firestore_database.runvoy.name
  retention = "${var.weekly_backup_weeks * 604800}s"

  weekly_recurrence {
    day = "SUNDAY"
  }
}
