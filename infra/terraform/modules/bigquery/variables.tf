variable "project_id" {
  type        = string
  description = "The project."
}

variable "location" {
  type        = string
  description = "Where the dataset is."
}

variable "retention_days" {
  type        = number
  description = "Days a line is kept."
  default     = 400

  validation {
    condition     = var.retention_days >= 1
    error_message = "retention_days must be 1 or more."
  }
}

variable "minimum_severity" {
  type        = string
  description = "What a line must be at least to be kept."
  default     = "INFO"

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR"], var.minimum_severity)
    error_message = "minimum_severity must be DEBUG, INFO, WARNING or ERROR."
  }
}

variable "deletion_protection" {
  type        = bool
  description = "Whether destroying the dataset is refused while there is something in it."
  default     = true
}

variable "kms_key" {
  type        = string
  description = "A key to encrypt with; Google's own without it."
  default     = null
}
