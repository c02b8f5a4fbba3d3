terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 8.0, < 9.0"
    }
  }

  # Give the bucket at init: terraform init -backend-config=bucket=my-project-terraform
  backend "gcs" {
    prefix = "runvoy"
  }
}

provider "google" {
  project               = var.project_id
  region                = var.region
  user_project_override = true
  billing_project       = var.project_id
}
