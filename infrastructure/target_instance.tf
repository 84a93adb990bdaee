# A small instance to try the system on: watched, opted in to a reboot, reachable through Session Manager only.

locals {
  target_count     = var.create_target_instance ? 1 : 0
  target_log_group = "/${local.prefix}/target"
}

data "aws_ssm_parameter" "amazon_linux" {
  count = var.create_target_instance && var.target_ami_id == null ? 1 : 0

  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${var.architecture}"
}

resource "aws_instance" "target" {
  count = local.target_count

  ami                    = var.target_ami_id != null ? var.target_ami_id : data.aws_ssm_parameter.amazon_linux[0].insecure_value
  instance_type          = coalesce(var.target_instance_type, var.architecture == "arm64" ? "t4g.micro" : "t3.micro")
  subnet_id              = var.target_subnet_id
  vpc_security_group_ids = [aws_security_group.target[0].id]
  iam_instance_profile   = aws_iam_instance_profile.target[0].name

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required" # IMDSv2: a request forged through the instance cannot read its credentials
  }

  root_block_device {
    encrypted   = true
    volume_type = "gp3"
  }

  tags = {
    Name                       = "${local.prefix}-target"
    (local.monitor_tag_key)    = "true"
    (local.remediate_tag_key)  = "reboot"
    (local.log_groups_tag_key) = local.target_log_group
  }

  lifecycle {
    ignore_changes = [ami] # a newer image is no reason to throw the instance away
  }
}

# Outbound HTTPS for Systems Manager and the logs; nothing comes in, so there is no key to lose.
resource "aws_security_group" "target" {
  count = local.target_count

  name        = "${local.prefix}-target"
  description = "Nightjar target: out to AWS, nothing in"
  vpc_id      = one(data.aws_subnet.target[*].vpc_id)
}

resource "aws_vpc_security_group_egress_rule" "target_https" {
  count = local.target_count

  security_group_id = aws_security_group.target[0].id
  description       = "HTTPS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

data "aws_subnet" "target" {
  count = var.create_target_instance && var.target_subnet_id != null ? 1 : 0

  id = var.target_subnet_id
}

resource "aws_cloudwatch_log_group" "target" {
  count = local.target_count

  name              = local.target_log_group
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.suite.arn
}

resource "aws_iam_role" "target" {
  count = local.target_count

  name                 = "${local.prefix}-target"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "target_ssm" {
  count = local.target_count

  role       = aws_iam_role.target[0].name
  policy_arn = "arn:${local.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

# The stress test writes its error lines from the instance itself, as an application would.
resource "aws_iam_role_policy" "target_logs" {
  count = local.target_count

  name = "write-own-logs"
  role = aws_iam_role.target[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.target[0].arn}:*"
    }]
  })
}

resource "aws_iam_instance_profile" "target" {
  count = local.target_count

  name = "${local.prefix}-target"
  role = aws_iam_role.target[0].name
}
