# The documents of config/ travel apart from the code: onboarding checks each as its readers do, appends it to the table of versions and
# tells the audit trail. A document that cannot be used fails the apply with the reason, and what was in force stays.
#
# An invocation and no table item: the provider's conditional put of an item fails when it is retried after an answer that got lost,
# and publishing the same again changes nothing.
locals {
  config_dir = coalesce(var.config_dir, "${path.module}/../config")
  config_files = {
    alert_routes         = var.alert_routes_file
    alert_thresholds     = null
    escalation_rules     = null
    log_signals          = null
    log_watch            = null
    maintenance_windows  = var.maintenance_windows_file
    products             = var.products_file
    remediation_policies = var.remediation_policies_file
    security_noise       = var.security_noise_file
    watched_accounts     = var.watched_accounts_file
  }
  config_documents = { for name, own in local.config_files : name => file(coalesce(own, "${local.config_dir}/${name}.json")) }
  # Routes and products must fit each other, so each is checked with the other as it is published.
  config_companions = { alert_routes = "products", products = "alert_routes" }

  # What readers need: the newest version of each document.
  read_config = {
    actions   = ["dynamodb:Query"]
    resources = [aws_dynamodb_table.suite["config"].arn]
  }
}

resource "aws_lambda_invocation" "publish" {
  for_each = local.config_documents

  function_name = module.onboarding.name
  input = jsonencode({ nightjar = {
    command  = "publish"
    document = each.key
    json     = each.value
    with     = { for name in compact([lookup(local.config_companions, each.key, "")]) : name => local.config_documents[name] }
    why      = "terraform apply"
  } })
}
