variable "project_id" {
  type        = string
  description = "The project."
}

variable "name" {
  type        = string
  description = "The archive's name, one for the whole world."

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", var.name))
    error_message = "name must be 3 to 63 lower-case letters, digits, dots, hyphens or underscores."
  }
}

variable "location" {
  type        = string
  description = "Region, dual-region or multi-region."
}

variable "coldline_after_days" {
  type        = number
  description = "Days after which a blob moves to a cheaper class."
  default     = 90

  validation {
    condition     = var.coldline_after_days >= 1
    error_message = "coldline_after_days must be 1 or more."
  }
}

variable "log_retention_days" {
  type        = number
  description = "For how many days after a run its log is kept; 0 = for ever."
  default     = 30
}

variable "force_destroy" {
  type        = bool
  description = "Whether destroying the bucket deletes what is in it."
  default     = false
}

variable "kms_key" {
  type        = string
  description = "A key to encrypt with; Google's own without it."
  default     = null
}
