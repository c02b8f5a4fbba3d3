locals {
  charts = [
    { title = "Requests by service", filter = "${local.services} AND metric.type=\"run.googleapis.com/request_count\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", group = ["resource.label.service_name", "metric.label.response_code_class"] },
    { title = "p95 of a request", filter = "${local.services} AND metric.type=\"run.googleapis.com/request_latencies\"", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95", group = ["resource.label.service_name"] },
    { title = "Instances", filter = "${local.services} AND metric.type=\"run.googleapis.com/container/instance_count\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", group = ["resource.label.service_name", "metric.label.state"] },
    { title = "p95 of a cold start", filter = "${local.services} AND metric.type=\"run.googleapis.com/container/startup_latencies\"", aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_95", group = ["resource.label.service_name"] },
    { title = "Executions by outcome", filter = "resource.type=\"cloud_run_job\" AND resource.labels.job_name=monitoring.regex.full_match(\"rv-.*\") AND metric.type=\"run.googleapis.com/job/completed_execution_count\"", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", group = ["metric.label.result"] },
    { title = "Age of the oldest message", filter = "resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=monitoring.regex.full_match(\"runvoy-.*\") AND metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\"", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", group = ["resource.label.subscription_id"] },
    { title = "What the services say", filter = "metric.type=starts_with(\"logging.googleapis.com/user/runvoy/\")", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", group = ["metric.type"] },
  ]
}

resource "google_monitoring_dashboard" "runvoy" {
  project = var.project_id

  dashboard_json = jsonencode({
    displayName = "runvoy"
    mosaicLayout = {
      columns = 12
      tiles = [
        for at, chart in local.charts : {
          xPos   = at % 2 * 6
          yPos   = floor(at / 2) * 4
          width  = 6
          height = 4
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = chart.filter
                    aggregation = {
                      alignmentPeriod    = "60s"
                      perSeriesAligner   = chart.aligner
                      crossSeriesReducer = chart.reducer
                      groupByFields      = chart.group
                    }
                  }
                }
              }]
            }
          }
        }
      ]
    }
  })
}
