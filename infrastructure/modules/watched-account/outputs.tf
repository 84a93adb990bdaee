output "role_arn" {
  description = "The role, for watched_accounts.json."
  value       = aws_iam_role.this.arn
}

# For the tests, which see a module only through its outputs.

output "policy" {
  description = "What the role may do, as JSON."
  value       = aws_iam_role_policy.this.policy
}

output "trust" {
  description = "Who may assume it, as JSON."
  value       = aws_iam_role.this.assume_role_policy
}
