variable "project_id" {
  type        = string
  description = "The project."
}

variable "region" {
  type        = string
  description = "The region of the jobs."
}

variable "name" {
  type        = string
  description = "What network and connector are called."
  default     = "runvoy"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 24 lower-case letters, digits or hyphens."
  }
}

variable "connector_cidr" {
  type        = string
  description = "The connector's addresses: a /28 that nothing else uses."
  default     = "10.20.255.0/28"

  validation {
    condition     = can(cidrnetmask(var.connector_cidr)) && endswith(var.connector_cidr, "/28")
    error_message = "connector_cidr must be a range with /28."
  }
}

variable "min_instances" {
  type        = number
  description = "Instances of the connector that always run. Google asks for two."
  default     = 2

  validation {
    condition     = var.min_instances >= 2 && var.min_instances <= 9
    error_message = "min_instances must be 2 to 9."
  }
}

variable "max_instances" {
  type        = number
  description = "Instances of the connector at most."
  default     = 3

  validation {
    condition     = var.max_instances >= 3 && var.max_instances <= 10
    error_message = "max_instances must be 3 to 10."
  }
}
