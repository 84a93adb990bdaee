# Who gets in, and as what.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  alert_email  = "oncall@example.com"
  packages_dir = "./tests/packages"
}

run "people_sign_in_by_default" {
  assert {
    condition = alltrue([
      for key, route in aws_apigatewayv2_route.suite : route.authorization_type == (contains(["GET /health", "GET /", "GET /assets/{file}", "GET /favicon.svg", "GET /config.json"], key) ? "NONE" : "JWT")
    ])
    error_message = "Every route but the health check and the files of the page asks for a token."
  }

  assert {
    condition     = aws_cognito_user.first_admin[0].username == "oncall@example.com" && aws_cognito_user_in_group.first_admin[0].group_name == "admin"
    error_message = "Whoever gets the alerts is the first administrator, unless somebody else is named."
  }

  assert {
    condition     = sort([for group in aws_cognito_user_group.roles : group.name]) == tolist(["admin", "operator", "viewer"])
    error_message = "The groups are the roles."
  }

  assert {
    condition = (
      aws_cognito_user_pool.users[0].admin_create_user_config[0].allow_admin_create_user_only
      && aws_cognito_user_pool.users[0].password_policy[0].minimum_length == 12
      && aws_cognito_user_pool_client.people[0].prevent_user_existence_errors == "ENABLED"
      && !aws_cognito_user_pool_client.people[0].generate_secret
    )
    error_message = "Nobody signs himself up, and a refusal does not tell who exists."
  }

  assert {
    condition     = length(aws_cognito_user_pool_domain.users) == 0 && length(aws_cognito_user_pool_client.machines) == 0
    error_message = "There are no machine clients that nobody asked for."
  }

  assert {
    condition     = module.api.environment.API_AUTHORIZATION == "JWT"
    error_message = "The function knows who proves its callers."
  }
}

run "live_updates_take_the_same_token" {
  assert {
    condition = (
      module.realtime.environment.API_AUTHORIZATION == "JWT"
      && module.realtime.environment.TOKEN_ISSUER == "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example01"
      && module.realtime.environment.TOKEN_CLIENTS == aws_cognito_user_pool_client.people[0].id
    )
    error_message = "The function knows whose tokens count."
  }

  assert {
    condition     = aws_dynamodb_table.suite["incidents"].stream_enabled && aws_lambda_event_source_mapping.live.maximum_record_age_in_seconds == 300
    error_message = "What changes is told, and one bad record does not hold up the rest for long."
  }
}

run "machines_have_a_scope_each" {
  variables {
    admin_email     = "boss@example.com"
    machine_clients = { ci = "viewer", chatops = "operator" }
  }

  assert {
    condition = { for name, client in aws_cognito_user_pool_client.machines : name => client.allowed_oauth_scopes } == {
      ci      = toset(["nightjar/viewer"])
      chatops = toset(["nightjar/operator"])
    }
    error_message = "A machine gets the scope of its role, and no other."
  }

  assert {
    condition     = aws_cognito_user_pool_domain.users[0].domain == "aiops-111122223333" && aws_cognito_user.first_admin[0].username == "boss@example.com"
    error_message = "Tokens are fetched at a name of this account."
  }
}

run "signatures_instead" {
  variables {
    api_authorization = "AWS_IAM"
    iam_caller_role   = "viewer"
  }

  assert {
    condition     = length(aws_cognito_user_pool.users) == 0 && output.sign_in == null && aws_apigatewayv2_route.suite["GET /events"].authorization_type == "AWS_IAM"
    error_message = "With signatures there is no user pool."
  }

  assert {
    condition     = aws_apigatewayv2_route.live["$connect"].authorization_type == "AWS_IAM"
    error_message = "Connections are signed as well."
  }

  assert {
    condition     = module.api.environment.IAM_CALLER_ROLE == "viewer"
    error_message = "The function knows what signed callers may do."
  }
}

run "what_cannot_be_used_is_refused" {
  command = plan

  variables {
    api_authorization = "OPEN"
    iam_caller_role   = "root"
    admin_email       = "nobody"
    machine_clients   = { CI = "viewer" }
  }

  expect_failures = [var.api_authorization, var.iam_caller_role, var.admin_email, var.machine_clients]
}
