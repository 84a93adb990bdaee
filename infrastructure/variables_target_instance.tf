# An instance to try it on.

variable "create_target_instance" {
  description = "Create a small watched instance in the default VPC, to try the system with scripts/stress-test.sh."
  type        = bool
  default     = false
}

variable "target_instance_type" {
  description = "Its type. Null means t4g.micro or t3.micro, by architecture."
  type        = string
  default     = null
}

variable "target_ami_id" {
  description = "Its image. Null means the newest Amazon Linux 2023."
  type        = string
  default     = null

  validation {
    condition     = var.target_ami_id == null || can(regex("^ami-[0-9a-f]{8,17}$", var.target_ami_id))
    error_message = "target_ami_id must look like ami-0123456789abcdef0."
  }
}

variable "target_subnet_id" {
  description = "Its subnet. Null means a default subnet; where the account has no default VPC, name one with a way to the internet."
  type        = string
  default     = null
}
