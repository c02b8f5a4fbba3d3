variable "project_id" {
  type        = string
  description = "The project."
}

variable "location" {
  type        = string
  description = "Region or multi-region of the database. It can never be changed."
}

variable "database" {
  type        = string
  description = "The database's id."
}

variable "collection_prefix" {
  type        = string
  description = "What the names of its collections begin with."
}

variable "kms_key" {
  type        = string
  description = "A key to encrypt with; Google's own without it."
  default     = null
}

variable "point_in_time_recovery" {
  type        = bool
  description = "Whether the last seven days can be read as they were at any minute."
  default     = true
}

variable "deletion_protection" {
  type        = bool
  description = "Whether the database cannot be deleted, by nobody, before this is switched off."
  default     = true
}

variable "daily_backup_days" {
  type        = number
  description = "Days a daily backup is kept."
  default     = 7

  validation {
    condition     = var.daily_backup_days >= 1 && var.daily_backup_days <= 98
    error_message = "daily_backup_days must be 1 to 98."
  }
}

variable "weekly_backup_weeks" {
  type        = number
  description = "Weeks a weekly backup is kept."
  default     = 14

  validation {
    condition     = var.weekly_backup_weeks >= 1 && var.weekly_backup_weeks <= 14
    error_message = "weekly_backup_weeks must be 1 to 14."
  }
}
