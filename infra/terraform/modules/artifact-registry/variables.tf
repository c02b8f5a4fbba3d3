variable "project_id" {
  type        = string
  description = "The project."
}

variable "region" {
  type        = string
  description = "Where the images are, near what runs them."
}

variable "kms_key" {
  type        = string
  description = "A key to encrypt with; Google's own without it."
  default     = null
}

variable "keep_versions" {
  type        = number
  description = "How many versions of each image are never cleaned up."
  default     = 10

  validation {
    condition     = var.keep_versions >= 2
    error_message = "keep_versions must be 2 or more: the one that runs and the one before it."
  }
}
