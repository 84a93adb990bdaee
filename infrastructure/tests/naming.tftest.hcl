# Names, tags and sizes: what other people's scripts and cost reports rely on.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  alert_email  = "oncall@example.com"
  packages_dir = "./tests/packages"
}

run "defaults" {
  assert {
    condition     = sort([for topic in aws_sns_topic.suite : topic.name]) == tolist(["aiops-alarms", "aiops-anomalies", "aiops-critical-alerts", "aiops-incident-changes", "aiops-ops"])
    error_message = "Topics are <prefix>-alarms, -anomalies, -critical-alerts, -incident-changes and -ops."
  }

  assert {
    condition = output.table_names == {
      alert-groups  = "aiops-alert-groups"
      audit         = "aiops-audit"
      coverage      = "aiops-coverage"
      fingerprints  = "aiops-fingerprints"
      incidents     = "aiops-incidents"
      inventory     = "aiops-inventory"
      live          = "aiops-live"
      log-watch     = "aiops-log-watch"
      models        = "aiops-models"
      notifications = "aiops-notifications"
      remediations  = "aiops-remediations"
      routing       = "aiops-routing"
      config        = "aiops-config"
      security      = "aiops-security"
      series        = "aiops-series"
      silences      = "aiops-silences"
    }
    error_message = "Tables are <prefix>-<noun>."
  }

  assert {
    condition     = output.function_names == { for name in local.functions : name => "aiops-${name}" }
    error_message = "Functions are <prefix>-<binary>."
  }

  assert {
    condition     = aws_instance.target == []
    error_message = "Nobody gets an instance without asking for one."
  }

  assert {
    condition     = module.api.configuration.architecture == "arm64"
    error_message = "arm64 is the default: about a fifth cheaper."
  }
}

run "models_are_trained_daily" {
  assert {
    condition     = aws_cloudwatch_event_rule.suite["model-trainer-schedule"].schedule_expression == "rate(1 day)"
    error_message = "Training is on by default."
  }

  assert {
    condition     = module.model_trainer.configuration.memory_mb == 1024 && module.security_monitor.configuration.memory_mb == 512 && module.api.configuration.memory_mb == 256
    error_message = "Training gets the CPU it needs, by default."
  }
}

run "the_configuration_reaches_its_readers" {
  assert {
    condition     = alltrue([for reader in [module.anomaly_detector, module.model_trainer, module.log_analyzer_rca, module.alert_handler, module.remediation_engine, module.security_monitor, module.onboarding, module.api] : reader.environment.CONFIG_TABLE == "aiops-config"])
    error_message = "Whoever goes by a document of the configuration knows where it is published."
  }

  assert {
    condition     = toset(keys(aws_lambda_invocation.publish)) == toset(["alert_routes", "alert_thresholds", "escalation_rules", "log_signals", "log_watch", "maintenance_windows", "products", "remediation_policies", "security_noise", "watched_accounts"])
    error_message = "Every document of config/ that functions go by is published."
  }

  assert {
    condition     = keys(jsondecode(aws_lambda_invocation.publish["alert_routes"].input).nightjar.with) == ["products"] && jsondecode(aws_lambda_invocation.publish["log_watch"].input).nightjar.with == {}
    error_message = "Routes are checked with the products they are published with."
  }
}

run "training_can_be_switched_off" {
  variables {
    training_schedule = null
  }

  assert {
    condition     = !contains(keys(aws_cloudwatch_event_rule.suite), "model-trainer-schedule") && length(aws_cloudwatch_event_rule.suite) == 10
    error_message = "Without a schedule nothing is trained; all else runs on."
  }
}

run "another_prefix" {
  variables {
    name_prefix = "night-watch-eu-west1"
  }

  assert {
    condition     = alltrue([for name in concat(values(output.function_names), values(output.table_names), [for rule in aws_cloudwatch_event_rule.suite : rule.name]) : startswith(name, "night-watch-eu-west1-") && length(name) <= 64])
    error_message = "The longest prefix must fit into the shortest limit, 64 characters."
  }

  assert {
    condition     = module.remediation_engine.environment.REMEDIATE_TAG_KEY == "night-watch-eu-west1:remediate"
    error_message = "The opt-in tags follow the prefix."
  }
}
