terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}
module "network" {
  source = "github.com/example/network?ref=2b5c8f0"
}
resource "aws_s3_bucket" "data" {
  bucket = "example-data"
}
resource "aws_s3_bucket_public_access_block" "data" {
  bucket                  = aws_s3_bucket.data.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}
resource "aws_s3_bucket_versioning" "data" {
  bucket = aws_s3_bucket.data.bucket
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_logging" "data" {
  bucket        = aws_s3_bucket.data.id
  target_bucket = "logs"
  target_prefix = "data/"
}
resource "aws_security_group" "app" {
  dynamic "ingress" {
    for_each = var.networks
    content {
      from_port   = 22
      to_port     = 22
      protocol    = "tcp"
      cidr_blocks = [ingress.value]
    }
  }
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_db_instance" "db" {
  engine                  = "postgres"
  password                = var.password
  publicly_accessible     = false
  storage_encrypted       = var.encrypted
  backup_retention_period = 14
  deletion_protection     = true
}
resource "aws_instance" "app" {
  ami       = "ami-1"
  user_data = templatefile("start.sh", { name = "app" })
  root_block_device {
    encrypted = true
  }
  metadata_options {
    http_tokens = "required"
  }
}
resource "aws_iam_role_policy" "app" {
  role   = "app"
  policy = data.aws_iam_policy_document.read.json
}
data "aws_iam_policy_document" "read" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.data.arn}/*"]
  }
}
resource "aws_s3_bucket_policy" "data" {
  bucket = aws_s3_bucket.data.id
  policy = jsonencode({
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = "${aws_s3_bucket.data.arn}/*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
resource "aws_lambda_function" "app" {
  function_name = "app"
  environment {
    variables = {
      DB_PASSWORD_ARN = "arn:aws:secretsmanager:eu-west-1:1:secret:db"
    }
  }
}
resource "aws_lb_listener" "app" {
  port     = 80
  protocol = "HTTP"
  default_action {
    type = "redirect"
  }
}
resource "null_resource" "deploy" {
  provisioner "local-exec" {
    command     = "deploy --to \"$TARGET\""
    environment = { TARGET = var.target }
  }
}
