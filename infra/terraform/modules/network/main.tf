# A network of its own, through which runs reach private addresses. Runs without one go out by Google's own way.
resource "google_compute_network" "runvoy" {
  project                 = var.project_id
  name                    = var.name
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "connector" {
  project                  = var.project_id
  region                   = var.region
  name                     = "${var.name}-connector"
  network                  = google_compute_network.runvoy.id
  ip_cidr_range            = var.connector_cidr
  private_ip_google_access = true
}

resource "google_vpc_access_connector" "runvoy" {
  project       = var.project_id
  region        = var.region
  name          = var.name
  min_instances = var.min_instances
  max_instances = var.max_instances
  machine_type  = "e2-micro"

  subnet {
    name       = google_compute_subnetwork.connector.name
    project_id = var.project_id
  }
}
