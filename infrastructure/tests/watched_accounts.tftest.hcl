# Other accounts and regions: nobody may more than the document says.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  alert_email  = "oncall@example.com"
  packages_dir = "./tests/packages"
}

run "without_entries_no_role_may_be_assumed" {
  assert {
    condition     = alltrue([for function in local.modules : !strcontains(function.policy, "sts:")])
    error_message = "The suite's own account and region need no other role."
  }
}

run "exactly_the_roles_of_the_document_may_be_assumed" {
  variables { watched_accounts_file = "./tests/watched_accounts.json" }

  assert {
    condition = alltrue([for function in [module.onboarding, module.anomaly_detector, module.log_analyzer_rca] : [
      for statement in jsondecode(function.policy).Statement : statement.Resource if contains(statement.Action, "sts:AssumeRole")
      ] == [["arn:aws:iam::222233334444:role/nightjar-watched", "arn:aws:iam::333344445555:role/ops/nightjar"]]
    ])
    error_message = "Who reads elsewhere may assume the roles that the document names, and no others."
  }

  assert {
    condition = toset([for name, function in local.modules : name if strcontains(function.policy, "sts:")]) == toset([
      "onboarding", "anomaly-detector", "log-analyzer-rca",
    ])
    error_message = "Whoever acts on resources assumes no role: nothing is healed elsewhere."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(module.onboarding.policy).Statement : [for arn in statement.Resource : split(":", arn)[3]] == ["us-east-1", "eu-west-1"]
      if contains(statement.Action, "cloudwatch:PutMetricAlarm")
    ])
    error_message = "Alarms are made in the regions of this account that the document names."
  }
}

run "a_watched_account_trusts_three_functions_with_the_external_id" {
  module { source = "./modules/watched-account" }

  variables {
    suite_account = "111122223333"
    external_id   = "chosen-once-and-kept"
  }

  assert {
    condition     = jsondecode(output.trust).Statement[0].Condition.StringEquals["sts:ExternalId"] == "chosen-once-and-kept"
    error_message = "Without the external id nobody gets in."
  }

  assert {
    condition = toset(jsondecode(output.trust).Statement[0].Condition.ArnEquals["aws:PrincipalArn"]) == toset([
      for name in ["onboarding", "anomaly-detector", "log-analyzer-rca"] : "arn:aws:iam::111122223333:role/aiops-${name}"
    ])
    error_message = "Of the suite's account only the functions that read get in."
  }

  assert {
    condition = alltrue(flatten([for statement in jsondecode(output.policy).Statement : [
      for action in statement.Action : !strcontains(action, "*") && !strcontains(action, "iam:") && !can(regex("^ec2:[^D]", action))
    ]]))
    error_message = "The role changes no resource, and every right is named."
  }

  assert {
    condition = [for statement in jsondecode(output.policy).Statement : statement.Condition.StringEquals["aws:ResourceTag/aiops:managed-by"]
      if contains(statement.Action, "cloudwatch:DeleteAlarms")
    ] == [["onboarding"]]
    error_message = "Only alarms with the suite's tag may be deleted."
  }
}

run "a_watched_account_may_keep_its_alarms_to_itself" {
  module { source = "./modules/watched-account" }

  variables {
    suite_account = "111122223333"
    external_id   = "chosen-once-and-kept"
    manage_alarms = false
  }

  assert {
    condition     = !strcontains(output.policy, "PutMetricAlarm") && !strcontains(output.policy, "DeleteAlarms")
    error_message = "Without manage_alarms the role only reads."
  }
}
