variable "project_id" {
  type        = string
  description = "The project."
}

variable "notification_channels" {
  type        = list(string)
  description = "Channels of Cloud Monitoring that are told: projects/P/notificationChannels/N."
  default     = []

  validation {
    condition     = alltrue([for channel in var.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[0-9]+$", channel))])
    error_message = "A channel looks like projects/my-project/notificationChannels/123."
  }
}

variable "error_percent" {
  type        = number
  description = "Part of failed requests, in percent, beyond which somebody is told."
  default     = 5

  validation {
    condition     = var.error_percent > 0 && var.error_percent <= 100
    error_message = "error_percent must be above 0 and at most 100."
  }
}

variable "latency_ms" {
  type        = number
  description = "p95 in milliseconds beyond which somebody is told."
  default     = 1000

  validation {
    condition     = var.latency_ms > 0
    error_message = "latency_ms must be above 0."
  }
}

variable "lane_lag_seconds" {
  type        = number
  description = "Age of the oldest message, in seconds, beyond which somebody is told."
  default     = 300

  validation {
    condition     = var.lane_lag_seconds >= 60
    error_message = "lane_lag_seconds must be 60 or more."
  }
}
