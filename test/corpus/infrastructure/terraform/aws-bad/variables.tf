variable "encrypted" {
  type    = bool
  default = false
}
variable "target" {
  type = string
}
variable "admin_password" {
  default = "letmein99"
}
locals {
  everyone = ["0.0.0.0/0"]
  ports    = { ssh = 22, web = 443 }
}
