resource "azurerm_storage_account" "a" {
  name            = "a"
  min_tls_version = "TLS1_2"
  network_rules {
    default_action = "Deny"
  }
}
resource "azurerm_network_security_group" "a" {
  security_rule {
    direction               = "Inbound"
    access                  = "Deny"
    protocol                = "*"
    destination_port_range  = "*"
    source_address_prefix   = "*"
  }
}
resource "azurerm_linux_virtual_machine" "a" {
  disable_password_authentication = true
}
resource "google_storage_bucket_iam_binding" "a" {
  bucket  = "a"
  role    = "roles/storage.objectViewer"
  members = ["group:dev@example.com"]
}
resource "google_compute_firewall" "a" {
  network       = "a"
  source_ranges = ["0.0.0.0/0"]
  allow {
    protocol = "tcp"
    ports    = ["80", "443"]
  }
}
resource "google_compute_instance" "a" {
  service_account {
    email  = "app@p.iam.gserviceaccount.com"
    scopes = ["cloud-platform"]
  }
  metadata = {
    serial-port-enable = "FALSE"
  }
}
