resource "aws_s3_bucket" "invoices" {
  bucket = "shop-invoices"
  acl    = "public-read" # PLANT[terraform-aws-s3-public-acl]
}

resource "aws_security_group" "ssh" {
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"] # PLANT[terraform-aws-ingress-guarded]
  }
}
