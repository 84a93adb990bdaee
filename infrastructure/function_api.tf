# Answers questions about incidents. Reads one table, changes nothing.
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
  }

  permissions = {
    Incidents = {
      actions = ["dynamodb:GetItem", "dynamodb:Query"]
      resources = [
        aws_dynamodb_table.suite["incidents"].arn,
        "${aws_dynamodb_table.suite["incidents"].arn}/index/*",
      ]
    }
  }
}
