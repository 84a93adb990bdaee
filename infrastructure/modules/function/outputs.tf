output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "invoke_arn" {
  description = "ARN under which API Gateway invokes it."
  value       = aws_lambda_function.this.invoke_arn
}

output "log_group_name" {
  description = "Where it logs."
  value       = aws_cloudwatch_log_group.this.name
}

# What follows is for the tests, which see a module only through its outputs.

output "policy" {
  description = "What its role may do, as JSON."
  value       = aws_iam_role_policy.this.policy
}

output "environment" {
  description = "Its environment variables."
  value       = local.environment
  sensitive   = true
}

output "configuration" {
  description = "How it is set up."
  value = {
    architecture         = one(aws_lambda_function.this.architectures)
    memory_mb            = aws_lambda_function.this.memory_size
    reserved_concurrency = aws_lambda_function.this.reserved_concurrent_executions
    environment_key      = aws_lambda_function.this.kms_key_arn
    on_failure           = aws_lambda_function_event_invoke_config.this.destination_config[0].on_failure[0].destination
    log_retention_days   = aws_cloudwatch_log_group.this.retention_in_days
    log_key              = aws_cloudwatch_log_group.this.kms_key_id
  }
}
