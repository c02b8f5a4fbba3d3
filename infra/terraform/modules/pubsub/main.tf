# Two topics of ours, each with one push to the processor and a place for what nobody could carry out. What lies there is pushed too, and
# stored as a dead letter; that push has no dead letters of its own: it comes again until it is stored.
locals {
  pushes = {
    events = { topic = "runvoy-events", path = "/events", maximum_backoff = "600s" }
    logs   = { topic = "runvoy-logs", path = "/events/logs", maximum_backoff = "60s" }
  }

  agent = "serviceAccount:service-${var.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_pubsub_topic" "ours" {
  for_each = local.pushes

  project      = var.project_id
  name         = each.value.topic
  kms_key_name = var.kms_key

  labels = { managed-by = "runvoy" }
}

resource "google_pubsub_topic" "dead_letters" {
  project      = var.project_id
  name         = "runvoy-events-dead-letters"
  kms_key_name = var.kms_key

  labels = { managed-by = "runvoy" }
}

resource "google_pubsub_subscription" "push" {
  for_each = local.pushes

  project                    = var.project_id
  name                       = "${each.value.topic}-push"
  topic                      = google_pubsub_topic.ours[each.key].name
  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"

  push_config {
    push_endpoint = "${var.processor_url}${each.value.path}"

    oidc_token {
      service_account_email = var.caller_account
      audience              = var.processor_url
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = each.value.maximum_backoff
  }

  dead_letter_policy {
    dead_letter_topic     = "projects/${var.project_id}/topics/${google_pubsub_topic.dead_letters.name}"
    max_delivery_attempts = 100
  }

  # Never: a deployment that rests for a month is still one.
  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_subscription" "dead_letters" {
  project                    = var.project_id
  name                       = "runvoy-events-dead-letters-push"
  topic                      = google_pubsub_topic.dead_letters.name
  ack_deadline_seconds       = 60
  message_retention_duration = "2678400s"

  push_config {
    push_endpoint = "${var.processor_url}/events/dead-letters"

    oidc_token {
      service_account_email = var.caller_account
      audience              = var.processor_url
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub itself moves a message to the dead letters: it takes it from one place and puts it into the other.
resource "google_pubsub_topic_iam_member" "agent_publishes" {
  project = var.project_id
  topic   = google_pubsub_topic.dead_letters.name
  role    = "roles/pubsub.publisher"
  member  = local.agent
}

resource "google_pubsub_subscription_iam_member" "agent_takes" {
  for_each = local.pushes

  project      = var.project_id
  subscription = google_pubsub_subscription.push[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = local.agent
}

# Pushes carry tokens of the caller's account. Projects from before April 2021 ask for this grant.
resource "google_service_account_iam_member" "agent_mints" {
  service_account_id = var.caller_account_name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.agent
}
