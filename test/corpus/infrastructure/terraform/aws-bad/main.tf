terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
  backend "http" {
    address = "http://state.example.com/x"
  }
}
module "network" {
  source = "github.com/example/network"
}
resource "aws_s3_bucket" "data" {
  bucket = "example-data"
  acl    = "public-read"
}
resource "aws_security_group" "app" {
  ingress {
    from_port   = local.ports.ssh
    to_port     = local.ports.ssh
    protocol    = "tcp"
    cidr_blocks = local.everyone
  }
  ingress {
    from_port        = 0
    to_port          = 65535
    protocol         = "tcp"
    ipv6_cidr_blocks = ["::/0"]
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = local.everyone
  }
}
resource "aws_db_instance" "db" {
  engine              = "postgres"
  password            = "Wint3r-2025"
  publicly_accessible = true
  storage_encrypted   = var.encrypted
  backup_retention_period = 0
}
resource "aws_instance" "app" {
  ami                         = "ami-1"
  associate_public_ip_address = true
  user_data                   = <<-EOF
    #!/bin/sh
    export APP_TOKEN="k3k3k3k3jdj2"
  EOF
}
resource "aws_iam_role_policy" "app" {
  role = "app"
  policy = <<EOF
{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": "*"}]}
EOF
}
resource "aws_iam_role" "app" {
  assume_role_policy = data.aws_iam_policy_document.assume.json
}
data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["*"]
    }
  }
}
resource "aws_kms_key" "app" {
  policy = jsonencode({
    Statement = [{
      Effect    = "Allow"
      Principal = { AWS = "*" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}
resource "aws_lambda_function" "app" {
  function_name = "app"
  environment {
    variables = {
      DB_PASSWORD = "Wint3r-2025"
    }
  }
}
resource "aws_lb_listener" "app" {
  port     = 80
  protocol = "HTTP"
  default_action {
    type             = "forward"
    target_group_arn = "arn"
  }
}
resource "aws_cloudtrail" "all" {
  name           = "all"
  s3_bucket_name = "trail"
}
resource "null_resource" "deploy" {
  provisioner "local-exec" {
    command = "deploy --to ${var.target}"
  }
}
