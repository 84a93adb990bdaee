# Judges every new datapoint of the inventory's metrics, and announces the abnormal ones.
module "anomaly_detector" {
  source = "./modules/function"

  suite                 = local.suite
  name                  = "anomaly-detector"
  description           = "Finds anomalies in the metrics of watched instances"
  memory_mb             = local.memory_mb["anomaly-detector"]
  timeout_seconds       = 240 # ends before the next run of the five-minute schedule starts
  dead_letter_queue_arn = aws_sqs_queue.dead_letters["anomaly-detector"].arn

  environment = {
    INVENTORY_TABLE     = aws_dynamodb_table.suite["inventory"].name
    SERIES_TABLE        = aws_dynamodb_table.suite["series"].name
    MODELS_TABLE        = aws_dynamodb_table.suite["models"].name
    ANOMALIES_TOPIC_ARN = aws_sns_topic.suite["anomalies"].arn
    CONFIG_TABLE        = aws_dynamodb_table.suite["config"].name
  }

  permissions = merge({
    # GetMetricData takes no resource.
    Metrics = {
      actions   = ["cloudwatch:GetMetricData"]
      resources = ["*"]
    }
    Inventory = {
      actions   = ["dynamodb:Scan"]
      resources = [aws_dynamodb_table.suite["inventory"].arn]
    }
    Series = {
      actions   = ["dynamodb:BatchGetItem", "dynamodb:PutItem"]
      resources = [aws_dynamodb_table.suite["series"].arn]
    }
    Models = {
      actions   = ["dynamodb:Query", "dynamodb:GetItem"]
      resources = [aws_dynamodb_table.suite["models"].arn]
    }
    Announce = {
      actions   = ["sns:Publish"]
      resources = [aws_sns_topic.suite["anomalies"].arn]
    }
    Config = local.read_config
    Audit  = local.append_to_audit
  }, local.assume_watched_roles)
}
