variable "encrypted" {
  type    = bool
  default = true
}
variable "password" {
  type      = string
  sensitive = true
  default   = null
}
variable "password_length" {
  default = "20"
}
variable "networks" {
  type = list(string)
}
variable "target" {}
