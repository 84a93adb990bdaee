resource "aws_apigatewayv2_api" "suite" {
  name          = "${local.prefix}-api"
  description   = "Incidents of ${local.prefix}"
  protocol_type = "HTTP"

  dynamic "cors_configuration" {
    for_each = length(var.api_cors_origins) == 0 ? [] : [var.api_cors_origins]
    content {
      allow_origins = cors_configuration.value
      allow_methods = ["GET", "POST", "PUT", "DELETE"]
      allow_headers = ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "x-amz-date", "x-amz-security-token"]
      # What a script may read of an answer besides its body.
      expose_headers = ["etag", "retry-after", "x-request-id"]
      max_age        = 3600
    }
  }
}

resource "aws_apigatewayv2_integration" "function" {
  api_id                 = aws_apigatewayv2_api.suite.id
  integration_type       = "AWS_PROXY"
  integration_uri        = module.api.invoke_arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "suite" {
  # Open are the health check, since a load balancer has no credentials, and the files of the page: they tell nothing of the account.
  for_each = {
    "GET /health"                 = "NONE"
    "GET /me"                     = var.api_authorization
    "GET /"                       = "NONE"
    "GET /assets/{file}"          = "NONE"
    "GET /favicon.svg"            = "NONE"
    "GET /config.json"            = "NONE"
    "GET /docs"                   = var.api_authorization
    "GET /summary"                = var.api_authorization
    "GET /metrics/summary"        = var.api_authorization
    "GET /resources"              = var.api_authorization
    "GET /resources/{id}"         = var.api_authorization
    "GET /resources/{id}/metrics" = var.api_authorization
    "GET /analyze"                = var.api_authorization
    "POST /analyze"               = var.api_authorization
    "GET /events"                 = var.api_authorization
    "GET /events/{id}"            = var.api_authorization
    "GET /events/{id}/record"     = var.api_authorization
    "GET /audit-log"              = var.api_authorization
    "GET /audit-log/verify"       = var.api_authorization
    "GET /coverage"               = var.api_authorization
    "GET /thresholds"             = var.api_authorization
    "PUT /thresholds"             = var.api_authorization
    "POST /thresholds/revert"     = var.api_authorization
    "GET /thresholds/preview"     = var.api_authorization
    "GET /openapi.json"           = var.api_authorization
    "POST /alerts/{id}/feedback"  = var.api_authorization

    "GET /remediations"                          = var.api_authorization
    "POST /remediations/stop"                    = var.api_authorization
    "POST /remediations/resume"                  = var.api_authorization
    "POST /remediations/policies/{policy}/reset" = var.api_authorization
    "POST /remediations/{id}/undo"               = var.api_authorization
    "GET /approvals"                             = var.api_authorization
    "GET /approvals/{id}"                        = var.api_authorization
    "POST /approvals/{id}/approve"               = var.api_authorization
    "POST /approvals/{id}/deny"                  = var.api_authorization
    "GET /products"                              = var.api_authorization
    "GET /products/{name}"                       = var.api_authorization
    "PUT /products/{name}"                       = var.api_authorization
    "DELETE /products/{name}"                    = var.api_authorization

    "POST /alerts/{id}/acknowledge" = var.api_authorization
    "POST /alerts/{id}/suppress"    = var.api_authorization
    "POST /alerts/{id}/resolve"     = var.api_authorization
    "POST /alerts/{id}/assign"      = var.api_authorization

    "GET /silences"         = var.api_authorization
    "POST /silences"        = var.api_authorization
    "DELETE /silences/{id}" = var.api_authorization

    "GET /security-events"         = var.api_authorization
    "GET /security-events/types"   = var.api_authorization
    "POST /security-events/detect" = var.api_authorization
  }

  api_id             = aws_apigatewayv2_api.suite.id
  route_key          = each.key
  authorization_type = each.value
  authorizer_id      = each.value == "JWT" ? one(aws_apigatewayv2_authorizer.users[*].id) : null
  target             = "integrations/${aws_apigatewayv2_integration.function.id}"
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.suite.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_rate_limit  = var.api_throttle.rate
    throttling_burst_limit = var.api_throttle.burst
  }

  # What costs seconds of CPU, or a walk through a table, may not crowd out the rest.
  dynamic "route_settings" {
    for_each = toset(["GET /analyze", "POST /analyze", "GET /audit-log/verify", "GET /resources/{id}/metrics", "GET /thresholds/preview"])
    content {
      route_key              = route_settings.value
      throttling_rate_limit  = max(1, var.api_throttle.rate / 4)
      throttling_burst_limit = max(1, floor(var.api_throttle.burst / 4))
    }
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.api_access.arn
    # Who asked for what, and how it went: no query strings, no headers.
    format = jsonencode({
      request_id  = "$context.requestId"
      at          = "$context.requestTime"
      source_ip   = "$context.identity.sourceIp"
      caller      = var.api_authorization == "JWT" ? "$context.authorizer.claims.username" : "$context.identity.caller"
      route       = "$context.routeKey"
      status      = "$context.status"
      latency_ms  = "$context.responseLatency"
      error       = "$context.error.message"
      integration = "$context.integrationErrorMessage"
    })
  }

  depends_on = [aws_apigatewayv2_route.suite]
}

# Under /aws/vendedlogs API Gateway needs no resource policy of its own, of which an account may have only ten.
resource "aws_cloudwatch_log_group" "api_access" {
  name              = "/aws/vendedlogs/${local.prefix}-api-access"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.suite.arn
}

resource "aws_lambda_permission" "api" {
  statement_id  = "http-api"
  action        = "lambda:InvokeFunction"
  function_name = module.api.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.suite.execution_arn}/*/*"
}
