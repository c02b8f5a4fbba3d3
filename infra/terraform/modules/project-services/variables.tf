variable "project_id" {
  type        = string
  description = "The project."
}

variable "optional" {
  type        = list(string)
  description = "APIs of the parts that are chosen: compute, KMS, BigQuery, budgets."
  default     = []
}
