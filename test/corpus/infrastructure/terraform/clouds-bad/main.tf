resource "azurerm_storage_account" "a" {
  name                       = "a"
  https_traffic_only_enabled = false
  min_tls_version            = "TLS1_0"
  network_rules {
    default_action = "Allow"
  }
}
resource "azurerm_network_security_group" "a" {
  security_rule {
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    destination_port_ranges    = ["443", "20-30"]
    source_address_prefix      = "Internet"
  }
}
resource "azurerm_mssql_firewall_rule" "a" {
  start_ip_address = "0.0.0.0"
  end_ip_address   = "255.255.255.255"
}
resource "azurerm_linux_virtual_machine" "a" {
  admin_password                  = "Wint3r-2025"
  disable_password_authentication = false
}
resource "google_storage_bucket_iam_binding" "a" {
  bucket  = "a"
  role    = "roles/storage.objectViewer"
  members = ["group:dev@example.com", "allAuthenticatedUsers"]
}
resource "google_compute_firewall" "a" {
  network       = "a"
  source_ranges = ["0.0.0.0/0"]
  allow {
    protocol = "tcp"
    ports    = ["80", "3300-3400"]
  }
}
resource "google_container_cluster" "a" {
  enable_legacy_abac = true
}
resource "google_compute_instance" "a" {
  service_account {
    scopes = ["cloud-platform"]
  }
  metadata = {
    serial-port-enable = "TRUE"
  }
}
