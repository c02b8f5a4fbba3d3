variable "project_id" {
  type        = string
  description = "The project."
}

variable "prefix" {
  type        = string
  description = "What the ids of runvoy's secrets begin with."
}

variable "kms_key" {
  type        = string
  description = "A global key to encrypt with; Google's own without it."
  default     = null
}

variable "deletion_protection" {
  type        = bool
  description = "Whether Terraform refuses to delete the secret."
  default     = true
}
