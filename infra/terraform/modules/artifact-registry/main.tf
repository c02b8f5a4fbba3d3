resource "google_artifact_registry_repository" "runvoy" {
  project       = var.project_id
  location      = var.region
  repository_id = "runvoy"
  description   = "Images of runvoy's services and of its sidecar"
  format        = "DOCKER"
  kms_key_name  = var.kms_key

  # A tag once pushed stays what it was: a deployment is told by it.
  docker_config {
    immutable_tags = true
  }

  # The newest stay whatever their age, so that a rollback finds its image.
  cleanup_policies {
    id     = "keep-newest"
    action = "KEEP"

    most_recent_versions {
      keep_count = var.keep_versions
    }
  }

  # What has had the traffic. cloudbuild.yaml tags it so.
  cleanup_policies {
    id     = "keep-released"
    action = "KEEP"

    condition {
      tag_state    = "TAGGED"
      tag_prefixes = ["released-"]
    }
  }

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"

    condition {
      tag_state  = "ANY"
      older_than = "7776000s"
    }
  }
}
