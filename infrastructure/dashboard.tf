resource "aws_cloudwatch_dashboard" "suite" {
  dashboard_name = local.prefix

  # Decoded and encoded again: a slip in the template fails the plan, not the first person who opens the page.
  dashboard_body = jsonencode(jsondecode(templatefile("${path.module}/../config/dashboards/overview.json.tftpl", {
    prefix    = local.prefix
    region    = var.aws_region
    functions = local.functions
    api_id    = aws_apigatewayv2_api.suite.id
    alarms    = [for name in local.functions : "${local.arn.cloudwatch}:alarm:${local.prefix}-${name}-dlq-not-empty"]
  })))
}
