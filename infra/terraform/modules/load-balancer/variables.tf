variable "project_id" {
  type        = string
  description = "The project."
}

variable "region" {
  type        = string
  description = "Region of the services."
}

variable "domain" {
  type        = string
  description = "The public name. Its address record has to point to the output address before the certificate is issued."

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain must be a name such as runvoy.example.com."
  }
}

variable "service_names" {
  type        = map(string)
  description = "What a service is for, to its id."
}

variable "armor" {
  type        = object({ requests_per_minute = number })
  description = "With it, Cloud Armor lets an address ask so often and no more."
  default     = null
}

variable "cdn" {
  type        = bool
  description = "Whether Cloud CDN keeps the console's files, whose names change with what is in them. No answer of the API is ever kept."
  default     = false
}

variable "log_sample_rate" {
  type        = number
  description = "The part of requests that the load balancer logs, 0 to 1."
  default     = 0.1

  validation {
    condition     = var.log_sample_rate >= 0 && var.log_sample_rate <= 1
    error_message = "log_sample_rate must be 0 to 1."
  }
}
