# All that has to be said, and nothing else. Google is mocked: what is checked is what would be asked of it.
mock_provider "google" {
  override_during = plan

  mock_data "google_project" {
    defaults = {
      number = "123456789012"
    }
  }
}

variables {
  project_id  = "my-project"
  region      = "europe-west1"
  admin_email = "admin@example.com"

  images = {
    orchestrator = "europe-west1-docker.pkg.dev/my-project/runvoy/orchestrator:0.1.0"
    processor    = "europe-west1-docker.pkg.dev/my-project/runvoy/processor:0.1.0"
    websocket    = "europe-west1-docker.pkg.dev/my-project/runvoy/websocket:0.1.0"
    sidecar      = "europe-west1-docker.pkg.dev/my-project/runvoy/sidecar:0.1.0"
  }
}

run "everything_is_made" {
  command = plan

  assert {
    condition     = output.api_url == "https://runvoy-orchestrator-123456789012.europe-west1.run.app"
    error_message = "Clients are told Cloud Run's own address."
  }

  assert {
    condition     = output.load_balancer_address == null
    error_message = "There is no load balancer that nobody asked for."
  }
}
