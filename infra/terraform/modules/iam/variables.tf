variable "project_id" {
  type        = string
  description = "The project."
}

variable "project_number" {
  type        = string
  description = "The project's number, by which Secret Manager names it."
}

variable "account_emails" {
  type        = map(string)
  description = "Account id to e-mail, for each of runvoy's own accounts."
}

variable "job_account_names" {
  type        = map(string)
  description = "The accounts that jobs may run as: a key that is known before they exist, to the full resource name."
}

variable "firestore_database" {
  type        = string
  description = "The one database its services may use."
}

variable "secrets_prefix" {
  type        = string
  description = "What the ids of the secrets begin with that its services may read."
}

variable "run_logs_view" {
  type        = string
  description = "The view of the log bucket that holds what runs print: projects/P/locations/L/buckets/B/views/V."
}

variable "events_topic" {
  type        = string
  description = "Topic of events."
}

variable "dead_letter_topic" {
  type        = string
  description = "Topic of what nobody could carry out."
}

variable "archive_bucket" {
  type        = string
  description = "Bucket of large blobs."
}
