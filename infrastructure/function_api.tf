# Answers questions about incidents, and takes what people say of them: that moves the bar of the incident's series.
module "api" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "api"
  description           = "HTTP API over the incidents"
  memory_mb             = local.memory_mb["api"]
  timeout_seconds       = 29 # an HTTP API gives up after 30
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["api"].arn

  environment = {
    INCIDENTS_TABLE = aws_dynamodb_table.suite["incidents"].name
    SERIES_TABLE    = aws_dynamodb_table.suite["series"].name
  }

  permissions = {
    Incidents = {
      actions = ["dynamodb:GetItem", "dynamodb:Query"]
      resources = [
        aws_dynamodb_table.suite["incidents"].arn,
        "${aws_dynamodb_table.suite["incidents"].arn}/index/*",
      ]
    }
    # It may change items, not make or remove them: feedback is about what is there.
    Feedback = {
      actions   = ["dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.suite["incidents"].arn, aws_dynamodb_table.suite["series"].arn]
    }
    Series = {
      actions   = ["dynamodb:GetItem"]
      resources = [aws_dynamodb_table.suite["series"].arn]
    }
    Audit = local.append_to_audit
  }
}
