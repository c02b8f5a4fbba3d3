output "topics" {
  description = "What a topic is for, to its id."
  value = merge(
    { for use, topic in google_pubsub_topic.ours : use => topic.name },
    { dead_letters = google_pubsub_topic.dead_letters.name },
  )
}
