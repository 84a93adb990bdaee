# What bad input gets: a refusal at plan time, from the variable that is wrong. Nothing has been created by then.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  alert_email  = "oncall@example.com"
  packages_dir = "./tests/packages"
}

run "email_without_at" {
  command         = plan
  expect_failures = [var.alert_email]
  variables { alert_email = "oncall.example.com" }
}

run "email_without_domain" {
  command         = plan
  expect_failures = [var.alert_email]
  variables { alert_email = "oncall@localhost" }
}

run "email_with_display_name" {
  command         = plan
  expect_failures = [var.alert_email]
  variables { alert_email = "On Call <oncall@example.com>" }
}

run "two_emails" {
  command         = plan
  expect_failures = [var.alert_email]
  variables { alert_email = "oncall@example.com,boss@example.com" }
}

run "training_schedule_of_no_form" {
  command         = plan
  expect_failures = [var.training_schedule]
  variables { training_schedule = "daily" }
}

run "a_dashboard_of_another_form" {
  command         = plan
  expect_failures = [var.dashboard_config_file]
  variables { dashboard_config_file = "../config/products.json" }
}

run "maintenance_windows_of_another_form" {
  command         = plan
  expect_failures = [var.maintenance_windows_file]
  variables { maintenance_windows_file = "./README.md" }
}

run "watched_accounts_of_another_form" {
  command         = plan
  expect_failures = [var.watched_accounts_file]
  variables { watched_accounts_file = "../config/maintenance_windows.json" }
}

run "security_noise_of_another_form" {
  command         = plan
  expect_failures = [var.security_noise_file]
  variables { security_noise_file = "./README.md" }
}

run "security_severity_in_other_words" {
  command         = plan
  expect_failures = [var.security_severity]
  variables { security_severity = "urgent" }
}

run "prefix_too_long" {
  command         = plan
  expect_failures = [var.name_prefix]
  variables { name_prefix = "a-prefix-that-is-too-long" }
}

run "prefix_in_capitals" {
  command         = plan
  expect_failures = [var.name_prefix]
  variables { name_prefix = "AIOps" }
}

run "prefix_with_underscore" {
  command         = plan
  expect_failures = [var.name_prefix]
  variables { name_prefix = "ai_ops" }
}

run "prefix_ending_with_hyphen" {
  command         = plan
  expect_failures = [var.name_prefix]
  variables { name_prefix = "aiops-" }
}

run "prefix_reserved_by_aws" {
  command         = plan
  expect_failures = [var.name_prefix]
  variables { name_prefix = "aws-ops" }
}

run "region_that_is_a_zone" {
  command         = plan
  expect_failures = [var.aws_region]
  variables { aws_region = "us-east-1a" }
}

run "unknown_architecture" {
  command         = plan
  expect_failures = [var.architecture]
  variables { architecture = "amd64" }
}

run "unknown_way_of_managing_alarms" {
  command         = plan
  expect_failures = [var.manage_alarms]
  variables { manage_alarms = "yes" }
}

run "half_an_alarm" {
  command         = plan
  expect_failures = [var.alarms_max]
  variables { alarms_max = 0.5 }
}

run "owner_tag_of_two_words" {
  command         = plan
  expect_failures = [var.owner_tag_key]
  variables { owner_tag_key = "who owns it" }
}

run "unknown_remediation_mode" {
  command         = plan
  expect_failures = [var.remediation_mode]
  variables { remediation_mode = "on" }
}

run "unknown_security_remediation_mode" {
  command         = plan
  expect_failures = [var.security_remediation_mode]
  variables { security_remediation_mode = "always" }
}

run "no_remediation_at_all_by_concurrency" {
  command         = plan
  expect_failures = [var.remediation_concurrency]
  variables { remediation_concurrency = 0 }
}

run "half_a_calm_period" {
  command         = plan
  expect_failures = [var.resolve_after_periods]
  variables { resolve_after_periods = 2.5 }
}

run "log_watch_below_nothing" {
  command         = plan
  expect_failures = [var.log_watch_limit_mb]
  variables { log_watch_limit_mb = -1 }
}

run "retention_cloudwatch_does_not_know" {
  command         = plan
  expect_failures = [var.log_retention_days]
  variables { log_retention_days = 10 }
}

run "webhook_without_secret" {
  command         = plan
  expect_failures = [var.webhook_secret]
  variables { webhook_url = "https://hooks.example.com/nightjar" }
}

run "webhook_secret_of_another_kind" {
  command         = plan
  expect_failures = [var.webhook_secret]
  variables {
    webhook_url    = "https://hooks.example.com/nightjar"
    webhook_secret = "hunter2"
  }
}

run "memory_for_a_function_that_is_not_there" {
  command         = plan
  expect_failures = [var.function_memory_mb]
  variables { function_memory_mb = { detector = 512 } }
}

run "origin_with_a_path" {
  command         = plan
  expect_failures = [var.api_cors_origins]
  variables { api_cors_origins = ["https://ops.example.com/page"] }
}

run "package_not_built" {
  command         = plan
  expect_failures = [aws_lambda_function.this]

  module {
    source = "./modules/function"
  }

  variables {
    name                  = "onboarding"
    description           = "A function whose package nobody built"
    dead_letter_queue_arn = "arn:aws:sqs:us-east-1:111122223333:aiops-onboarding-dlq"
    permissions           = {}
    suite = {
      name_prefix            = "aiops"
      architecture           = "arm64"
      packages_dir           = "./tests/no-such-folder"
      aws_region             = "us-east-1"
      kms_key_arn            = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
      audit_table            = "aiops-audit"
      audit_table_arn        = "arn:aws:dynamodb:us-east-1:111122223333:table/aiops-audit"
      dead_letter_arn_format = "arn:aws:sqs:us-east-1:111122223333:%s-dlq"
    }
  }
}

run "documents_by_wildcard" {
  command         = plan
  expect_failures = [var.remediation_documents]

  variables {
    remediation_documents = ["AWS-*"]
  }
}

run "wildcard_permission" {
  command         = plan
  expect_failures = [var.permissions]

  module {
    source = "./modules/function"
  }

  variables {
    name                  = "onboarding"
    description           = "A function that asks for too much"
    dead_letter_queue_arn = "arn:aws:sqs:us-east-1:111122223333:aiops-onboarding-dlq"
    permissions           = { Everything = { actions = ["dynamodb:*"], resources = ["*"] } }
    suite = {
      name_prefix            = "aiops"
      architecture           = "arm64"
      packages_dir           = "./tests/packages"
      aws_region             = "us-east-1"
      kms_key_arn            = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
      audit_table            = "aiops-audit"
      audit_table_arn        = "arn:aws:dynamodb:us-east-1:111122223333:table/aiops-audit"
      dead_letter_arn_format = "arn:aws:sqs:us-east-1:111122223333:%s-dlq"
    }
  }
}

run "gathering_longer_than_the_function" {
  command         = plan
  expect_failures = [var.gather_deadline_seconds]
  variables { gather_deadline_seconds = 120 }
}

run "no_log_scan_limit" {
  command         = plan
  expect_failures = [var.log_scan_limit_mb]
  variables { log_scan_limit_mb = 0 }
}

run "group_tag_with_a_space" {
  command         = plan
  expect_failures = [var.group_tags]
  variables { group_tags = ["my group"] }
}

run "secret_of_a_channel_with_a_slash_in_its_name" {
  command         = plan
  expect_failures = [var.alert_secrets]
  variables { alert_secrets = { "team/slack" = "xoxb-1" } }
}

run "secret_of_a_channel_that_has_its_own_variable" {
  command         = plan
  expect_failures = [var.alert_secrets]
  variables { alert_secrets = { slack-webhook-url = "https://hooks.slack.com/services/T0/B0/token" } }
}

run "secrets_in_a_store_that_is_not_known" {
  command         = plan
  expect_failures = [var.alert_secret_store]
  variables { alert_secret_store = "vault" }
}
