# The dashboard: the fleet, each product and the suite itself, as config/dashboard_config.json has them. Two widgets a row, in the
# order of the file.
locals {
  dashboard_file   = coalesce(var.dashboard_config_file, "${path.module}/../config/dashboard_config.json")
  dashboard        = jsondecode(file(local.dashboard_file))
  dashboard_period = local.dashboard.period_seconds

  dashboard_searched = merge(
    { "Fleet" = local.dashboard.fleet },
    { for product in local.dashboard.products : "Product ${product.name}" => product.metrics },
  )

  # On-demand prices of us-east-1 in 2026: Lambda per request and GB-second on arm64, DynamoDB per request unit.
  prices = { request = 0.0000002, gb_second = 0.0000133334, write_unit = 0.000000625, read_unit = 0.000000125 }
  hidden = { for id, metrics in {
    i = [for name in local.functions : ["AWS/Lambda", "Invocations", "FunctionName", "${local.prefix}-${name}"]]
    d = [for name in local.functions : ["AWS/Lambda", "Duration", "FunctionName", "${local.prefix}-${name}"]]
    w = [for name in sort(keys(local.tables)) : ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", "${local.prefix}-${name}"]]
    r = [for name in sort(keys(local.tables)) : ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", "${local.prefix}-${name}"]]
  } : id => [for index, metric in metrics : concat(metric, [{ id = "${id}${index}", visible = false, stat = "Sum" }])] }
  # Sums leave out what published nothing, which a plus between two series does not.
  summed = { for id, metrics in local.hidden : id => "FILL(SUM([${join(", ", [for index in range(length(metrics)) : "${id}${index}"])}]), 0)" }
  # Milliseconds of functions with the same memory are worth the same.
  by_memory = { for memory in distinct([for name in local.functions : tostring(local.memory_mb[name])]) : memory =>
    [for index, name in local.functions : "d${index}" if tostring(local.memory_mb[name]) == memory]
  }
  cost = {
    functions = join(" + ", concat(
      ["${local.summed.i} * ${local.prices.request}"],
      [for memory, ids in local.by_memory : "FILL(SUM([${join(", ", ids)}]), 0) / 1000 * ${tonumber(memory) / 1024} * ${local.prices.gb_second}"],
    ))
    tables = "${local.summed.w} * ${local.prices.write_unit} + ${local.summed.r} * ${local.prices.read_unit}"
  }

  # What the suite can tell of itself, by the name that the file gives it.
  of_suite = {
    messages = {
      title   = "Messages through the chain"
      metrics = [for topic in ["anomalies", "critical-alerts", "ops"] : ["AWS/SNS", "NumberOfMessagesPublished", "TopicName", "${local.prefix}-${topic}"]]
    }
    invocations = { title = "Invocations", metrics = [for name in local.functions : ["AWS/Lambda", "Invocations", "FunctionName", "${local.prefix}-${name}"]] }
    errors = {
      title   = "Failed invocations (retried, then dead-lettered)"
      metrics = [for name in local.functions : ["AWS/Lambda", "Errors", "FunctionName", "${local.prefix}-${name}"]]
    }
    duration = {
      title   = "Duration, 95th percentile (ms)", stat = "p95"
      metrics = [for name in local.functions : ["AWS/Lambda", "Duration", "FunctionName", "${local.prefix}-${name}"]]
    }
    api = {
      title   = "API requests and errors"
      metrics = [for metric in ["Count", "4xx", "5xx"] : ["AWS/ApiGateway", metric, "ApiId", aws_apigatewayv2_api.suite.id]]
    }
    api_latency = {
      title   = "API latency, 95th percentile (ms)", stat = "p95"
      metrics = [for metric in ["Latency", "IntegrationLatency"] : ["AWS/ApiGateway", metric, "ApiId", aws_apigatewayv2_api.suite.id]]
    }
    cost = {
      title = "Cost of functions and tables (USD a day, list prices)", period = 86400
      metrics = concat(
        flatten([for metrics in values(local.hidden) : [for metric in metrics : { of = metric }]])[*].of,
        [for name, expression in local.cost : [{ expression = expression, label = name, id = name }]],
      )
    }
  }

  # Each section: a heading, then its widgets.
  dashboard_sections = concat(
    [for title, metrics in local.dashboard_searched : {
      title = title
      widgets = [for metric in metrics : {
        type = "metric"
        properties = jsonencode({
          title   = metric.title, region = var.aws_region, period = local.dashboard_period, view = "timeSeries"
          metrics = [[{ expression = "SEARCH('${metric.search}', '${metric.statistic}', ${local.dashboard_period})", id = "e1" }]]
        })
      }]
    } if length(metrics) > 0],
    [{
      title = "The suite"
      widgets = [for name in local.dashboard.suite : {
        type = name == "log_errors" ? "log" : "metric"
        properties = name == "log_errors" ? jsonencode({
          title = "Latest errors of the suite", region = var.aws_region, view = "table"
          query = "${join(" | ", [for function in local.functions : "SOURCE '/aws/lambda/${local.prefix}-${function}'"])} | fields @timestamp, @log, message, fields.message | filter level = 'ERROR' | sort @timestamp desc | limit 20"
          }) : jsonencode({
          title   = local.of_suite[name].title, region = var.aws_region, view = "timeSeries"
          stat    = try(local.of_suite[name].stat, "Sum"), period = try(local.of_suite[name].period, local.dashboard_period)
          metrics = local.of_suite[name].metrics
        })
      }]
    }],
  )

  # A heading has one row of the grid, a row of widgets six; each section begins below those before it.
  dashboard_heights = [for section in local.dashboard_sections : 1 + 6 * ceil(length(section.widgets) / 2)]
  dashboard_widgets = flatten([for index, section in local.dashboard_sections : concat(
    [{ type = "text", x = 0, y = 4 + sum(concat([0], slice(local.dashboard_heights, 0, index))), width = 24, height = 1, properties = jsonencode({ markdown = "## ${section.title}" }) }],
    [for place, widget in section.widgets : {
      type = widget.type, x = 12 * (place % 2), width = 12, height = 6, properties = widget.properties
      y    = 5 + sum(concat([0], slice(local.dashboard_heights, 0, index))) + 6 * floor(place / 2)
    }],
  )])
}

resource "aws_cloudwatch_dashboard" "suite" {
  dashboard_name = local.prefix

  dashboard_body = jsonencode({ widgets = concat(
    [
      {
        type       = "text", x = 0, y = 0, width = 24, height = 2
        properties = { markdown = "# Nightjar ${local.prefix}\nDatapoint → anomaly → cause → alert → remediation. Nothing below should be red; a message in a dead-letter queue is work that was not done." }
      },
      {
        type       = "alarm", x = 0, y = 2, width = 24, height = 2
        properties = { title = "Dead letters", alarms = [for name in local.functions : "${local.arn.cloudwatch}:alarm:${local.prefix}-${name}-dlq-not-empty"] }
      },
    ],
    [for widget in local.dashboard_widgets : merge(widget, { properties = jsondecode(widget.properties) })],
  ) })
}
