# Four services of three images. Three are reached by everybody, and check by themselves who calls; the processor is Cloud Run's to guard.
locals {
  services = {
    orchestrator = { image = var.images.orchestrator, is_public = true }
    processor    = { image = var.images.processor, is_public = false }
    intake       = { image = var.images.processor, is_public = true }
    websocket    = { image = var.images.websocket, is_public = true }
  }

  # A live view holds its connection as long as Cloud Run lets it, and needs little else.
  defaults = {
    orchestrator = { timeout = 300, concurrency = 80, affinity = false }
    processor    = { timeout = 300, concurrency = 80, affinity = false }
    intake       = { timeout = 300, concurrency = 80, affinity = false }
    websocket    = { timeout = 3600, concurrency = 1000, affinity = true }
  }

  public = { for name, service in local.services : name => service if service.is_public }
}

resource "google_cloud_run_v2_service" "runvoy" {
  for_each = local.services

  project              = var.project_id
  location             = var.region
  name                 = "runvoy-${each.key}"
  deletion_protection  = var.deletion_protection
  ingress              = each.value.is_public && var.behind_load_balancer && each.key != "intake" ? "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER" : "INGRESS_TRAFFIC_ALL"
  invoker_iam_disabled = each.value.is_public && var.public_access == "no-iam-check"

  labels = { managed-by = "runvoy" }

  template {
    service_account                  = var.account_emails["runvoy-${each.key}"]
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN2"
    timeout                          = "${local.defaults[each.key].timeout}s"
    max_instance_request_concurrency = local.defaults[each.key].concurrency
    session_affinity                 = local.defaults[each.key].affinity

    scaling {
      min_instance_count = var.scaling[each.key].min
      max_instance_count = var.scaling[each.key].max
    }

    containers {
      image = each.value.image

      ports {
        container_port = 8080
      }

      resources {
        limits            = { cpu = var.scaling[each.key].cpu, memory = var.scaling[each.key].memory }
        cpu_idle          = true
        startup_cpu_boost = true
      }

      startup_probe {
        period_seconds    = 1
        timeout_seconds   = 1
        failure_threshold = 60

        http_get {
          path = "/health"
        }
      }

      dynamic "env" {
        for_each = var.environment[each.key]

        content {
          name  = env.key
          value = env.value
        }
      }

      env {
        name = "RUNVOY_SIGNING_KEY"

        value_source {
          secret_key_ref {
            secret  = var.signing_key_secret
            version = var.signing_key_version
          }
        }
      }
    }
  }

  # cloudbuild.yaml deploys a new image without traffic, tries it and shifts the traffic: that is not Terraform's to undo.
  lifecycle {
    ignore_changes = [client, client_version, template[0].containers[0].image, template[0].revision, traffic]
  }

  depends_on = [terraform_data.grants]
}

# A service reads its secret and its store when it starts, so the grants come first.
resource "terraform_data" "grants" {
  input = var.grants
}

resource "google_cloud_run_v2_service_iam_member" "everybody" {
  for_each = var.public_access == "all-users" ? local.public : {}

  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_service.runvoy[each.key].name
  role     = "roles/run.invoker"
  member   = "allUsers"
}

resource "google_cloud_run_v2_service_iam_member" "caller" {
  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_service.runvoy["processor"].name
  role     = var.invoker_role
  member   = "serviceAccount:${var.account_emails["runvoy-caller"]}"
}

# Prints a link that lets the first admin in, once. Run by hand: gcloud run jobs execute runvoy-admin-link --wait
resource "google_cloud_run_v2_job" "admin_link" {
  project             = var.project_id
  location            = var.region
  name                = "runvoy-admin-link"
  deletion_protection = false

  labels = { managed-by = "runvoy-terraform" }

  template {
    template {
      service_account = var.account_emails["runvoy-orchestrator"]
      max_retries     = 0
      timeout         = "120s"

      containers {
        image = var.images.orchestrator
        args  = ["admin-link"]

        resources {
          limits = { cpu = "1", memory = "512Mi" }
        }

        dynamic "env" {
          for_each = var.environment["orchestrator"]

          content {
            name  = env.key
            value = env.value
          }
        }

        env {
          name = "RUNVOY_SIGNING_KEY"

          value_source {
            secret_key_ref {
              secret  = var.signing_key_secret
              version = var.signing_key_version
            }
          }
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [client, client_version]
  }

  depends_on = [terraform_data.grants]
}
