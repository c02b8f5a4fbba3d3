variable "project_id" {
  type        = string
  description = "The project."
}

variable "project_number" {
  type        = string
  description = "The project's number, which the account of Pub/Sub carries."
}

variable "processor_url" {
  type        = string
  description = "Where pushes go, and the audience of their tokens."

  validation {
    condition     = startswith(var.processor_url, "https://")
    error_message = "processor_url must begin with https://."
  }
}

variable "caller_account" {
  type        = string
  description = "E-mail of the account whose tokens pushes carry."
}

variable "caller_account_name" {
  type        = string
  description = "The same account by its full resource name."
}

variable "kms_key" {
  type        = string
  description = "A key to encrypt with; Google's own without it."
  default     = null
}
