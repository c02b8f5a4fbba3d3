variable "project_id" {
  type        = string
  description = "The project."
}

variable "region" {
  type        = string
  description = "The region of the jobs of Cloud Scheduler."
}

variable "processor_url" {
  type        = string
  description = "Where ticks go, and the audience of their tokens."
}

variable "orchestrator_url" {
  type        = string
  description = "The API, for the keep-alive."
}

variable "caller_account" {
  type        = string
  description = "E-mail of the account whose tokens ticks carry."
}

variable "reconcile_schedule" {
  type        = string
  description = "When the deployment is compared with its records, in five fields."
  default     = "0 * * * *"

  validation {
    condition     = length(split(" ", var.reconcile_schedule)) == 5
    error_message = "reconcile_schedule must have five fields."
  }
}

variable "keep_alive" {
  type        = bool
  description = "Whether the API is asked every five minutes, so that it seldom starts cold."
  default     = false
}
