# One policy for each thing that somebody should get up for, and one page for each in docs/operations/alerts.
locals {
  services = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = monitoring.regex.full_match(\"runvoy-.*\")"

  counted = {
    dead-letters  = { title = "events that nobody could carry out", metric = google_logging_metric.said["dead_letters"].name, resource = "cloud_run_revision", severity = "WARNING", above = 0 }
    stuck-runs    = { title = "stops that are not confirmed", metric = google_logging_metric.said["stuck_stops"].name, resource = "cloud_run_revision", severity = "ERROR", above = 0 }
    reconcile     = { title = "the health report has errors", metric = google_logging_metric.said["reconcile_errors"].name, resource = "cloud_run_revision", severity = "WARNING", above = 0 }
    missing-ticks = { title = "ticks that were not carried out", metric = google_logging_metric.failed_ticks.name, resource = "cloud_scheduler_job", severity = "ERROR", above = 2 }
  }
}

resource "google_monitoring_alert_policy" "errors" {
  project               = var.project_id
  display_name          = "runvoy: more than ${var.error_percent} % of requests fail"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.notification_channels
  user_labels           = { runvoy = "errors" }

  conditions {
    display_name = "Part of 5xx, by service, for 5 minutes"

    condition_threshold {
      filter             = "${local.services} AND metric.type = \"run.googleapis.com/request_count\" AND metric.labels.response_code_class = \"5xx\""
      denominator_filter = "${local.services} AND metric.type = \"run.googleapis.com/request_count\""
      comparison         = "COMPARISON_GT"
      threshold_value    = var.error_percent / 100
      duration           = "300s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.label.service_name"]
      }

      denominator_aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_RATE"
        cross_series_reducer = "REDUCE_SUM"
        group_by_fields      = ["resource.label.service_name"]
      }
    }
  }

  documentation {
    content   = "docs/operations/alerts/errors.md"
    mime_type = "text/markdown"
  }
}

# The live view is left out: its requests last as long as somebody looks.
resource "google_monitoring_alert_policy" "latency" {
  project               = var.project_id
  display_name          = "runvoy: p95 above ${var.latency_ms} ms"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = var.notification_channels
  user_labels           = { runvoy = "latency" }

  conditions {
    display_name = "p95 by service, for 10 minutes"

    condition_threshold {
      filter          = "resource.type = \"cloud_run_revision\" AND resource.labels.service_name = monitoring.regex.full_match(\"runvoy-(orchestrator|processor|intake)\") AND metric.type = \"run.googleapis.com/request_latencies\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.latency_ms
      duration        = "600s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_PERCENTILE_95"
        group_by_fields      = ["resource.label.service_name"]
      }
    }
  }

  documentation {
    content   = "docs/operations/alerts/latency.md"
    mime_type = "text/markdown"
  }
}

# A service that rests has no instance, and that is right: only one that is asked must have one.
resource "google_monitoring_alert_policy" "no_instance" {
  project               = var.project_id
  display_name          = "runvoy: requests, and no instance that answers"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = var.notification_channels
  user_labels           = { runvoy = "no-instance" }

  conditions {
    display_name = "Requests without an active instance, for 2 minutes"

    condition_prometheus_query_language {
      query               = "sum by (service_name) (rate(run_googleapis_com:request_count{monitored_resource=\"cloud_run_revision\",service_name=~\"runvoy-.*\"}[5m])) > 0 unless sum by (service_name) (run_googleapis_com:container_instance_count{monitored_resource=\"cloud_run_revision\",service_name=~\"runvoy-.*\",state=\"active\"}) > 0"
      duration            = "120s"
      evaluation_interval = "60s"

      # Before the first request there is no such series, and Cloud Monitoring would refuse to be asked for it.
      disable_metric_validation = true
    }
  }

  documentation {
    content   = "docs/operations/alerts/no-instance.md"
    mime_type = "text/markdown"
  }
}

resource "google_monitoring_alert_policy" "counted" {
  for_each = local.counted

  project               = var.project_id
  display_name          = "runvoy: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = var.notification_channels
  user_labels           = { runvoy = each.key }

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter          = "resource.type = \"${each.value.resource}\" AND metric.type = \"logging.googleapis.com/user/${each.value.metric}\""
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.above
      duration        = "0s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
  }

  documentation {
    content   = "docs/operations/alerts/${each.key}.md"
    mime_type = "text/markdown"
  }
}

resource "google_monitoring_alert_policy" "lane_lag" {
  project               = var.project_id
  display_name          = "runvoy: the log lane is behind by more than ${var.lane_lag_seconds} s"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = var.notification_channels
  user_labels           = { runvoy = "lane-lag" }

  conditions {
    display_name = "Age of the oldest message that was not taken"

    condition_threshold {
      filter          = "resource.type = \"pubsub_subscription\" AND resource.labels.subscription_id = monitoring.regex.full_match(\"runvoy-(events|logs)-push\") AND metric.type = \"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
      comparison      = "COMPARISON_GT"
      threshold_value = var.lane_lag_seconds
      duration        = "300s"

      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    content   = "docs/operations/alerts/lane-lag.md"
    mime_type = "text/markdown"
  }
}
