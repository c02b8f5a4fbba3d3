# One public name before API and live view. The live view holds its connections, so its backend may not cut them after half a minute.

resource "google_compute_global_address" "runvoy" {
  project = var.project_id
  name    = "runvoy"
}

resource "google_compute_managed_ssl_certificate" "runvoy" {
  project = var.project_id
  name    = "runvoy-${substr(sha256(var.domain), 0, 8)}"

  managed {
    domains = [var.domain]
  }

  # A certificate in use cannot be replaced in place.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_region_network_endpoint_group" "service" {
  for_each = toset(["orchestrator", "websocket"])

  project               = var.project_id
  region                = var.region
  name                  = "runvoy-${each.key}"
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = var.service_names[each.key]
  }
}

resource "google_compute_backend_service" "service" {
  for_each = toset(["orchestrator", "websocket"])

  project               = var.project_id
  name                  = "runvoy-${each.key}"
  protocol              = "HTTPS"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  timeout_sec           = 3600
  security_policy       = var.armor == null ? null : google_compute_security_policy.runvoy[0].id

  backend {
    group = google_compute_region_network_endpoint_group.service[each.key].id
  }

  log_config {
    enable      = true
    sample_rate = var.log_sample_rate
  }
}

# Of everything behind the name only this may be kept: files of the console, each named by its hash. The orchestrator says for how long.
resource "google_compute_backend_service" "assets" {
  count = var.cdn ? 1 : 0

  project               = var.project_id
  name                  = "runvoy-assets"
  protocol              = "HTTPS"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  security_policy       = var.armor == null ? null : google_compute_security_policy.runvoy[0].id
  enable_cdn            = true
  compression_mode      = "AUTOMATIC"

  cdn_policy {
    cache_mode = "USE_ORIGIN_HEADERS"
  }

  backend {
    group = google_compute_region_network_endpoint_group.service["orchestrator"].id
  }

  log_config {
    enable      = true
    sample_rate = var.log_sample_rate
  }
}

resource "google_compute_security_policy" "runvoy" {
  count = var.armor == null ? 0 : 1

  project     = var.project_id
  name        = "runvoy"
  description = "An address that asks too often waits"
  type        = "CLOUD_ARMOR"

  rule {
    action      = "throttle"
    priority    = 1000
    description = "Requests a minute from one address"

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }

    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"

      rate_limit_threshold {
        count        = var.armor.requests_per_minute
        interval_sec = 60
      }
    }
  }

  rule {
    action      = "allow"
    priority    = 2147483647
    description = "Everybody else"

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}

resource "google_compute_url_map" "runvoy" {
  project         = var.project_id
  name            = "runvoy"
  default_service = google_compute_backend_service.service["orchestrator"].id

  host_rule {
    hosts        = [var.domain]
    path_matcher = "runvoy"
  }

  path_matcher {
    name            = "runvoy"
    default_service = google_compute_backend_service.service["orchestrator"].id

    path_rule {
      paths   = ["/stream", "/stream/*"]
      service = google_compute_backend_service.service["websocket"].id
    }

    dynamic "path_rule" {
      for_each = google_compute_backend_service.assets[*].id

      content {
        paths   = ["/assets/*"]
        service = path_rule.value
      }
    }
  }
}

resource "google_compute_target_https_proxy" "runvoy" {
  project          = var.project_id
  name             = "runvoy"
  url_map          = google_compute_url_map.runvoy.id
  ssl_certificates = [google_compute_managed_ssl_certificate.runvoy.id]
}

resource "google_compute_global_forwarding_rule" "https" {
  project               = var.project_id
  name                  = "runvoy-https"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_protocol           = "TCP"
  ip_address            = google_compute_global_address.runvoy.id
  port_range            = "443"
  target                = google_compute_target_https_proxy.runvoy.id
}
