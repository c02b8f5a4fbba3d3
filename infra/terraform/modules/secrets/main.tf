# The secret is made empty. Its value is added by whoever deploys, so that it stands in no state file (docs/operations).
resource "google_secret_manager_secret" "signing_key" {
  project             = var.project_id
  secret_id           = "${var.prefix}-signing-key"
  deletion_protection = var.deletion_protection
  version_destroy_ttl = "604800s"

  labels = { managed-by = "runvoy" }

  replication {
    auto {
      dynamic "customer_managed_encryption" {
        for_each = var.kms_key == null ? [] : [var.kms_key]

        content {
          kms_key_name = customer_managed_encryption.value
        }
      }
    }
  }
}
