variable "project_id" {
  type        = string
  description = "The project."
}

variable "region" {
  type        = string
  description = "The region of the jobs and of the processor."
}

variable "processor_service" {
  type        = string
  description = "The service that is told."
}

variable "caller_account" {
  type        = string
  description = "E-mail of the account whose tokens the calls carry."
}
