variable "project_id" {
  type        = string
  description = "The project."
}

variable "region" {
  type        = string
  description = "Where services and runs are."
  default     = "europe-west1"
}

variable "data_location" {
  type        = string
  description = "Where the data is; it can never be changed."
  default     = "europe-west1"
}

variable "domain" {
  type        = string
  description = "The public name."
}

variable "admin_email" {
  type        = string
  description = "Who is let in first."
}

variable "release" {
  type        = string
  description = "Tag of the images: what cloudbuild.yaml was given as _RELEASE."
}

variable "notification_channels" {
  type        = list(string)
  description = "Channels of Cloud Monitoring that are told."
}

variable "billing_account" {
  type        = string
  description = "The billing account that pays for the project."
}
