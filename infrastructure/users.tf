# Who may sign in: people in three groups, and machines with a scope each. The API's one table says what a role may do.
locals {
  has_users   = var.api_authorization == "JWT"
  admin_email = coalesce(var.admin_email, var.alert_email)
  roles = {
    viewer   = "Reads everything"
    operator = "Also acts on incidents"
    admin    = "Also changes what Nightjar does"
  }
}

resource "aws_cognito_user_pool" "users" {
  count = local.has_users ? 1 : 0

  name                = "${local.prefix}-users"
  deletion_protection = var.deletion_protection ? "ACTIVE" : "INACTIVE"

  # Names are e-mail addresses, as the audit trail should show them: with an alias they would be UUIDs.
  auto_verified_attributes = ["email"]
  mfa_configuration        = "OPTIONAL"

  username_configuration {
    case_sensitive = false
  }

  software_token_mfa_configuration {
    enabled = true
  }

  admin_create_user_config {
    allow_admin_create_user_only = true

    invite_message_template {
      email_subject = "Nightjar (${local.prefix}): your temporary password"
      email_message = "You may sign in to Nightjar as {username} with the temporary password {####}. It holds for seven days."
      sms_message   = "Nightjar: {username}, {####}"
    }
  }

  password_policy {
    minimum_length                   = 12
    require_lowercase                = true
    require_uppercase                = true
    require_numbers                  = true
    require_symbols                  = false
    temporary_password_validity_days = 7
  }

  account_recovery_setting {
    recovery_mechanism {
      name     = "verified_email"
      priority = 1
    }
  }
}

resource "aws_cognito_user_group" "roles" {
  for_each = local.has_users ? local.roles : {}

  user_pool_id = one(aws_cognito_user_pool.users[*].id)
  name         = each.key
  description  = each.value
}

# The page and `nightjar login`: public clients have no secret to keep.
resource "aws_cognito_user_pool_client" "people" {
  count = local.has_users ? 1 : 0

  name                          = "${local.prefix}-people"
  user_pool_id                  = one(aws_cognito_user_pool.users[*].id)
  generate_secret               = false
  explicit_auth_flows           = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  enable_token_revocation       = true
  access_token_validity         = 60
  id_token_validity             = 60
  refresh_token_validity        = 30

  token_validity_units {
    access_token  = "minutes"
    id_token      = "minutes"
    refresh_token = "days"
  }
}

resource "aws_cognito_user" "first_admin" {
  count = local.has_users ? 1 : 0

  user_pool_id             = one(aws_cognito_user_pool.users[*].id)
  username                 = local.admin_email
  desired_delivery_mediums = ["EMAIL"]

  attributes = {
    email          = local.admin_email
    email_verified = true
  }
}

resource "aws_cognito_user_in_group" "first_admin" {
  count = local.has_users ? 1 : 0

  user_pool_id = one(aws_cognito_user_pool.users[*].id)
  group_name   = aws_cognito_user_group.roles["admin"].name
  username     = one(aws_cognito_user.first_admin[*].username)
}

# --- Machines ---------------------------------------------------------------------------------------------------------

resource "aws_cognito_resource_server" "nightjar" {
  count = local.has_users && length(var.machine_clients) > 0 ? 1 : 0

  user_pool_id = one(aws_cognito_user_pool.users[*].id)
  identifier   = "nightjar"
  name         = "Nightjar"

  dynamic "scope" {
    for_each = local.roles
    content {
      scope_name        = scope.key
      scope_description = scope.value
    }
  }
}

# Machines fetch their tokens here. The name is the whole region's, hence the account's id in it.
resource "aws_cognito_user_pool_domain" "users" {
  count = local.has_users && length(var.machine_clients) > 0 ? 1 : 0

  user_pool_id = one(aws_cognito_user_pool.users[*].id)
  domain       = "${replace(local.prefix, "/aws|amazon|cognito/", "x")}-${local.account}"
}

resource "aws_cognito_user_pool_client" "machines" {
  for_each = local.has_users ? var.machine_clients : {}

  name                                 = "${local.prefix}-${each.key}"
  user_pool_id                         = one(aws_cognito_user_pool.users[*].id)
  generate_secret                      = true
  allowed_oauth_flows                  = ["client_credentials"]
  allowed_oauth_flows_user_pool_client = true
  allowed_oauth_scopes                 = ["nightjar/${each.value}"]
  explicit_auth_flows                  = ["ALLOW_REFRESH_TOKEN_AUTH"]
  access_token_validity                = 60

  token_validity_units {
    access_token = "minutes"
  }

  depends_on = [aws_cognito_resource_server.nightjar]
}

# --- What the API asks for --------------------------------------------------------------------------------------------

resource "aws_apigatewayv2_authorizer" "users" {
  count = local.has_users ? 1 : 0

  api_id           = aws_apigatewayv2_api.suite.id
  name             = "users"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = local.issuer
    audience = local.client_ids
  }
}

locals {
  issuer     = local.has_users ? "https://${one(aws_cognito_user_pool.users[*].endpoint)}" : null
  client_ids = concat(aws_cognito_user_pool_client.people[*].id, [for client in values(aws_cognito_user_pool_client.machines) : client.id])
}
