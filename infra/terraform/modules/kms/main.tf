# A key for each store that is chosen. Secret Manager replicates by itself, so its key is global; the others stand where their data does.
locals {
  regional = { for store in var.stores : store => var.region if store != "secrets" }
  global   = { for store in var.stores : store => "global" if store == "secrets" }
  places   = merge(local.regional, local.global)

  agents = {
    secrets           = "serviceAccount:service-${var.project_number}@gcp-sa-secretmanager.iam.gserviceaccount.com"
    firestore         = "serviceAccount:service-${var.project_number}@gcp-sa-firestore.iam.gserviceaccount.com"
    storage           = "serviceAccount:service-${var.project_number}@gs-project-accounts.iam.gserviceaccount.com"
    pubsub            = "serviceAccount:service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    artifact_registry = "serviceAccount:service-${var.project_number}@gcp-sa-artifactregistry.iam.gserviceaccount.com"
    bigquery          = "serviceAccount:bq-${var.project_number}@bigquery-encryption.iam.gserviceaccount.com"
  }
}

resource "google_kms_key_ring" "runvoy" {
  for_each = toset(values(local.places))

  project  = var.project_id
  name     = "runvoy"
  location = each.value
}

# A key that is gone takes what it encrypted with it: for 30 days a version that was destroyed can be brought back.
resource "google_kms_crypto_key" "store" {
  for_each = local.places

  name                       = replace(each.key, "_", "-")
  key_ring                   = google_kms_key_ring.runvoy[each.value].id
  purpose                    = "ENCRYPT_DECRYPT"
  rotation_period            = "${var.rotation_days * 86400}s"
  destroy_scheduled_duration = "2592000s"
}

resource "google_kms_crypto_key_iam_member" "agent" {
  for_each = local.places

  crypto_key_id = google_kms_crypto_key.store[each.key].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = local.agents[each.key]
}
