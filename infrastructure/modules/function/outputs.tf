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

output "policy" {
  description = "What its role may do, as JSON; the tests read it."
  value       = aws_iam_role_policy.this.policy
}

output "configuration" {
  description = "What the tests look at."
  value = {
    architecture         = one(aws_lambda_function.this.architectures)
    reserved_concurrency = aws_lambda_function.this.reserved_concurrent_executions
    on_failure           = aws_lambda_function_event_invoke_config.this.destination_config[0].on_failure[0].destination
    log_retention_days   = aws_cloudwatch_log_group.this.retention_in_days
    log_key              = aws_cloudwatch_log_group.this.kms_key_id
  }
}
