variable "project_id" {
  type        = string
  description = "The project."
}

variable "project_number" {
  type        = string
  description = "The project's number, by which a budget names it."
}

variable "billing_account" {
  type        = string
  description = "The billing account that pays for the project."

  validation {
    condition     = can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "billing_account must look like 012345-567890-ABCDEF."
  }
}

variable "warning" {
  type        = number
  description = "Spend of a month that is worth a word."
  default     = 500
}

variable "critical" {
  type        = number
  description = "Spend of a month that is worth an alarm; its forecast too."
  default     = 1000

  validation {
    condition     = var.critical > 0 && floor(var.critical) == var.critical
    error_message = "critical must be a whole number above 0."
  }
}

variable "currency" {
  type        = string
  description = "The billing account's currency."
  default     = "USD"

  validation {
    condition     = can(regex("^[A-Z]{3}$", var.currency))
    error_message = "currency must be three capital letters."
  }
}

variable "notification_channels" {
  type        = list(string)
  description = "Channels of Cloud Monitoring that are told, at most five, besides the billing account's administrators."
  default     = []

  validation {
    condition     = length(var.notification_channels) <= 5
    error_message = "A budget tells five channels at most."
  }
}
