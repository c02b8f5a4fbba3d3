variable "project_id" {
  type        = string
  description = "The project."
}
