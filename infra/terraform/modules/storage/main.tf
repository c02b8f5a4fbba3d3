resource "google_storage_bucket" "archive" {
  project                     = var.project_id
  name                        = var.name
  location                    = var.location
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = var.force_destroy

  labels = { managed-by = "runvoy" }

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 604800
  }

  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = "COLDLINE"
    }

    condition {
      age                   = var.coldline_after_days
      matches_storage_class = ["STANDARD"]
    }
  }

  # Of what was overwritten or deleted, the newest ten.
  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      num_newer_versions = 10
      with_state         = "ARCHIVED"
    }
  }

  # runvoy removes the logs that are not kept any more. What it removed is gone for good a week later.
  lifecycle_rule {
    action {
      type = "Delete"
    }

    condition {
      days_since_noncurrent_time = 7
      matches_prefix             = ["logs/"]
      with_state                 = "ARCHIVED"
    }
  }

  # What nothing names any more. A log is sealed while its run goes on, which is a week at most, and kept from its end.
  dynamic "lifecycle_rule" {
    for_each = var.log_retention_days == 0 ? [] : [var.log_retention_days + 45]

    content {
      action {
        type = "Delete"
      }

      condition {
        age            = lifecycle_rule.value
        matches_prefix = ["logs/"]
        with_state     = "LIVE"
      }
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }

    condition {
      age = 1
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key == null ? [] : [var.kms_key]

    content {
      default_kms_key_name = encryption.value
    }
  }
}
