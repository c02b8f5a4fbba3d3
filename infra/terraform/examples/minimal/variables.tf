variable "project_id" {
  type        = string
  description = "The project."
}

variable "region" {
  type        = string
  description = "Where services and runs are."
  default     = "europe-west1"
}

variable "admin_email" {
  type        = string
  description = "Who is let in first."
}

variable "release" {
  type        = string
  description = "Tag of the images: what cloudbuild.yaml was given as _RELEASE."
}
