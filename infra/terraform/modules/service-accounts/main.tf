# One account for each service, one for whatever calls the processor, and one that holds nothing for the jobs. No keys are made of
# any: services get their tokens from the platform.
locals {
  accounts = {
    runvoy-orchestrator = "runvoy: the public API"
    runvoy-processor    = "runvoy: events, log lines and ticks"
    runvoy-intake       = "runvoy: what runners report"
    runvoy-websocket    = "runvoy: the live view"
    runvoy-caller       = "runvoy: pushes, triggers and ticks that call the processor"
    runvoy-job          = "runvoy: runs of users; holds no role"
  }

  # A project of a domain (example.com:project) turns its name around. Known before anything is made, unlike what Google answers.
  domain = "${replace(var.project_id, "/^(.*):(.*)$/", "$2.$1")}.iam.gserviceaccount.com"
}

resource "google_service_account" "runvoy" {
  for_each = local.accounts

  project      = var.project_id
  account_id   = each.key
  display_name = each.value
}
