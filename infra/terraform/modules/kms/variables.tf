variable "project_id" {
  type        = string
  description = "The project."
}

variable "project_number" {
  type        = string
  description = "The project's number, which the accounts of Google's agents carry."
}

variable "region" {
  type        = string
  description = "Where the data of every store but the secrets is."
}

variable "stores" {
  type        = set(string)
  description = "Stores that get a key of their own."

  validation {
    condition     = length(setsubtract(var.stores, ["secrets", "firestore", "storage", "pubsub", "artifact_registry", "bigquery"])) == 0
    error_message = "stores may hold secrets, firestore, storage, pubsub, artifact_registry and bigquery."
  }
}

variable "rotation_days" {
  type        = number
  description = "Days until a key gets a new version. Older versions still open what they sealed."
  default     = 90

  validation {
    condition     = var.rotation_days >= 1 && var.rotation_days <= 365
    error_message = "rotation_days must be 1 to 365."
  }
}
