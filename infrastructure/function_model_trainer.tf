# Trains the detector's models anew from 14 days of history, and promotes what is no worse than the one in use.
module "model_trainer" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "model-trainer"
  description           = "Trains models for the anomaly detector"
  memory_mb             = local.memory_mb["model-trainer"]
  timeout_seconds       = 900 # a run begins no new model after ten minutes
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["model-trainer"].arn

  environment = {
    INVENTORY_TABLE = aws_dynamodb_table.suite["inventory"].name
    MODELS_TABLE    = aws_dynamodb_table.suite["models"].name
    CONFIG_TABLE    = aws_dynamodb_table.suite["config"].name
  }

  permissions = {
    # GetMetricData takes no resource.
    Metrics = {
      actions   = ["cloudwatch:GetMetricData"]
      resources = ["*"]
    }
    Inventory = {
      actions   = ["dynamodb:Scan"]
      resources = [aws_dynamodb_table.suite["inventory"].arn]
    }
    # No deletion: versions that are no longer named expire.
    Models = {
      actions   = ["dynamodb:Query", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
      resources = [aws_dynamodb_table.suite["models"].arn]
    }
    Config = local.read_config
    Audit  = local.append_to_audit
  }
}
