variable "project_id" {
  type        = string
  description = "The project."
}

variable "region" {
  type        = string
  description = "Where the bucket of the run logs is."
}

variable "events_topic" {
  type        = string
  description = "Topic of events."
}

variable "logs_topic" {
  type        = string
  description = "Topic of what runs print."
}

variable "retention_days" {
  type        = number
  description = "Days that what runs print is kept in Cloud Logging. runvoy's own copy is in its store."
  default     = 30

  validation {
    condition     = var.retention_days >= 9 && var.retention_days <= 3650
    error_message = "retention_days must be 9 or more: a late line still counts for eight days after a run's deadline."
  }
}
