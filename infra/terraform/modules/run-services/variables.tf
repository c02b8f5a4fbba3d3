variable "project_id" {
  type        = string
  description = "The project."
}

variable "region" {
  type        = string
  description = "Region of the services."
}

variable "images" {
  type = object({
    orchestrator = string
    processor    = string
    websocket    = string
  })
  description = "The image of each service, by tag or digest."
}

variable "environment" {
  type        = map(map(string))
  description = "Service to its variables (module environment)."
}

variable "account_emails" {
  type        = map(string)
  description = "Account id to e-mail."
}

variable "invoker_role" {
  type        = string
  description = "The role that lets the caller's account call the processor (module iam)."
}

variable "grants" {
  type        = list(string)
  description = "What has to be granted before a service starts (module iam)."
}

variable "signing_key_secret" {
  type        = string
  description = "Id of the secret with the signing keys."
}

variable "signing_key_version" {
  type        = string
  description = "Its version. A fixed one, so that every instance of a revision signs alike."
  default     = "1"

  validation {
    condition     = can(regex("^[1-9][0-9]*$", var.signing_key_version))
    error_message = "signing_key_version must be the number of a version."
  }
}

variable "scaling" {
  type = map(object({
    min    = number
    max    = number
    cpu    = string
    memory = string
  }))
  description = "Instances and size of each service."
}

variable "public_access" {
  type        = string
  description = "How everybody reaches the three public services: all-users grants it, no-iam-check switches the check off (for organisations that refuse allUsers)."
  default     = "all-users"

  validation {
    condition     = contains(["all-users", "no-iam-check"], var.public_access)
    error_message = "public_access must be all-users or no-iam-check."
  }
}

variable "behind_load_balancer" {
  type        = bool
  description = "Whether API and live view are reached through the load balancer alone. Runners call the intake directly."
  default     = false
}

variable "deletion_protection" {
  type        = bool
  description = "Whether Terraform refuses to delete the services."
  default     = true
}
