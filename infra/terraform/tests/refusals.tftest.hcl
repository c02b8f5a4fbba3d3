# What would be wrong later is refused at once.
mock_provider "google" {}

variables {
  project_id  = "my-project"
  region      = "europe-west1"
  admin_email = "admin@example.com"

  images = {
    orchestrator = "example.com/orchestrator:0.1.0"
    processor    = "example.com/processor:0.1.0"
    websocket    = "example.com/websocket:0.1.0"
    sidecar      = "example.com/sidecar:0.1.0"
  }
}

run "an_image_that_says_latest" {
  command = plan

  variables {
    images = {
      orchestrator = "example.com/orchestrator:latest"
      processor    = "example.com/processor:0.1.0"
      websocket    = "example.com/websocket:0.1.0"
      sidecar      = "example.com/sidecar:0.1.0"
    }
  }

  expect_failures = [var.images]
}

run "an_origin_for_everybody" {
  command = plan

  variables {
    cors_allowed_origins = ["https://*"]
  }

  expect_failures = [var.cors_allowed_origins]
}

run "more_instances_at_least_than_at_most" {
  command = plan

  variables {
    scaling = { websocket = { min = 5, max = 2 } }
  }

  expect_failures = [var.scaling]
}

run "a_default_timeout_above_the_longest" {
  command = plan

  variables {
    jobs = { timeout_default_seconds = 7200, timeout_max_seconds = 3600 }
  }

  expect_failures = [var.jobs]
}

run "keys_of_a_region_for_data_elsewhere" {
  command = plan

  variables {
    kms_stores    = ["firestore"]
    data_location = "eur3"
  }

  expect_failures = [var.kms_stores]
}
