# Live updates: a WebSocket API whose connections are opened with the same token as the HTTP API's requests.
resource "aws_apigatewayv2_api" "live" {
  name                       = "${local.prefix}-live"
  description                = "Live updates of ${local.prefix}"
  protocol_type              = "WEBSOCKET"
  route_selection_expression = "$request.body.action"
}

resource "aws_apigatewayv2_integration" "live" {
  api_id           = aws_apigatewayv2_api.live.id
  integration_type = "AWS_PROXY"
  integration_uri  = module.realtime.invoke_arn
}

resource "aws_apigatewayv2_route" "live" {
  # Tokens are proven by the function, which refuses the connection: API Gateway has no JWT authorizer for WebSockets.
  for_each = {
    "$connect"    = var.api_authorization == "AWS_IAM" ? "AWS_IAM" : "NONE"
    "$disconnect" = "NONE"
    "$default"    = "NONE"
  }

  api_id             = aws_apigatewayv2_api.live.id
  route_key          = each.key
  authorization_type = each.value
  target             = "integrations/${aws_apigatewayv2_integration.live.id}"
}

resource "aws_apigatewayv2_stage" "live" {
  api_id      = aws_apigatewayv2_api.live.id
  name        = "live"
  auto_deploy = true

  # No access log: it would need a role for the whole account, and the function logs who is refused.
  default_route_settings {
    throttling_rate_limit  = var.api_throttle.rate * 5
    throttling_burst_limit = var.api_throttle.burst * 5
  }
}

locals {
  live_url = "${aws_apigatewayv2_api.live.api_endpoint}/live"
}

resource "aws_lambda_permission" "live" {
  statement_id  = "websocket-api"
  action        = "lambda:InvokeFunction"
  function_name = module.realtime.name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.live.execution_arn}/*/*"
}

resource "aws_lambda_event_source_mapping" "live" {
  event_source_arn  = aws_dynamodb_table.suite["incidents"].stream_arn
  function_name     = module.realtime.name
  starting_position = "TRIM_HORIZON" # of a new stream: nothing is missed; what is old is dropped below
  batch_size        = 100

  # A live update is worth something for minutes; pages poll besides.
  maximum_retry_attempts         = 2
  maximum_record_age_in_seconds  = 300
  bisect_batch_on_function_error = true

  destination_config {
    on_failure {
      destination_arn = aws_sqs_queue.dead_letters["realtime"].arn
    }
  }
}
