# What runvoy uses of Google. Nothing is switched off again: another part of the project may use it too.
resource "google_project_service" "used" {
  for_each = toset(concat(local.always, var.optional))

  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}

locals {
  always = [
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "cloudscheduler.googleapis.com",
    "eventarc.googleapis.com",
    "firestore.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "pubsub.googleapis.com",
    "run.googleapis.com",
    "secretmanager.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
  ]
}
