# Tells open pages what changes in the incidents table.
module "realtime" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "realtime"
  description           = "Live updates over WebSocket connections"
  memory_mb             = local.memory_mb["realtime"]
  timeout_seconds       = 29
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["realtime"].arn

  environment = {
    INCIDENTS_TABLE   = aws_dynamodb_table.suite["incidents"].name
    LIVE_TABLE        = aws_dynamodb_table.suite["live"].name
    LIVE_ENDPOINT     = local.live_endpoint
    API_AUTHORIZATION = var.api_authorization
    TOKEN_ISSUER      = local.issuer
    TOKEN_CLIENTS     = local.has_users ? join(",", local.client_ids) : null
  }

  permissions = {
    Incidents = {
      actions   = ["dynamodb:Query"]
      resources = ["${aws_dynamodb_table.suite["incidents"].arn}/index/*"]
    }
    Live = {
      actions   = ["dynamodb:Query", "dynamodb:PutItem", "dynamodb:DeleteItem"]
      resources = [aws_dynamodb_table.suite["live"].arn]
    }
    # Lambda reads the stream with the function's role.
    ReadStream = {
      actions   = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
      resources = ["${aws_dynamodb_table.suite["incidents"].arn}/stream/*"]
    }
    # The one thing about streams that takes no resource in IAM.
    ListStreams = {
      actions   = ["dynamodb:ListStreams"]
      resources = ["*"]
    }
    # Written from the stage's name and not from the stage, which would wait for this function.
    Connections = {
      actions   = ["execute-api:ManageConnections"]
      resources = ["${aws_apigatewayv2_api.live.execution_arn}/live/*"]
    }
  }
}

locals {
  live_endpoint = "https://${aws_apigatewayv2_api.live.id}.execute-api.${var.aws_region}.amazonaws.com/live"
}
