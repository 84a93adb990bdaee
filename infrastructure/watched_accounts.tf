# Other accounts and regions that are watched: config/watched_accounts.json says which. The functions may assume exactly the roles that
# stand there, and use their own rights in exactly the regions of this account that stand there.
locals {
  watched_accounts = jsondecode(local.config_documents["watched_accounts"]).accounts

  watched_role_arns = distinct([for entry in local.watched_accounts :
    startswith(entry.role, "arn:") ? entry.role : "arn:${local.partition}:iam::${entry.account}:role/${entry.role}"
    if entry.account != "self"
  ])
  assume_watched_roles = { for sid, permission in {
    AssumeWatchedRoles = {
      actions    = ["sts:AssumeRole"]
      resources  = local.watched_role_arns
      conditions = null
    }
  } : sid => permission if length(local.watched_role_arns) > 0 }

  own_regions = distinct(concat([var.aws_region], flatten([for entry in local.watched_accounts : entry.regions if entry.account == "self"])))

  # An alarm can tell a topic of its own region alone, and those that a composite alarm tells for tell nobody: the state of such alarms
  # is read. It takes no resource.
  read_quiet_alarms = { for sid, permission in {
    ReadQuietAlarms = {
      actions    = ["cloudwatch:DescribeAlarms"]
      resources  = ["*"]
      conditions = null
    }
  } : sid => permission if length(local.own_regions) > 1 || var.composite_alarms }

  # Of those regions, too. Who acts on resources has no use for them: remediation keeps to this region.
  readable_log_groups_of_all_regions = flatten([for region in local.own_regions : [for pattern in var.readable_log_groups : [
    "arn:${local.partition}:logs:${region}:${local.account}:log-group:${pattern}",
    "arn:${local.partition}:logs:${region}:${local.account}:log-group:${pattern}:*",
  ]]])
}
