locals {
  # Items carry the time of their end in `expires_at`. That of audit entries follows config/audit_log_schema.json.
  tables = {
    inventory     = { hash_key = "arn" }
    coverage      = { hash_key = "arn" }
    series        = { hash_key = "series" }
    models        = { hash_key = "kind", range_key = "name", range_type = "S" }
    fingerprints  = { hash_key = "fingerprint" }
    log-watch     = { hash_key = "source" }
    notifications = { hash_key = "id" }
    remediations  = { hash_key = "id" }
    live          = { hash_key = "kind", range_key = "id", range_type = "S" }
    security      = { hash_key = "id" }
    audit         = { hash_key = "chain", range_key = "seq", range_type = "N" }
    silences      = { hash_key = "id" }
    # The documents of the configuration, a version an item.
    config = { hash_key = "document", range_key = "version", range_type = "N" }
    # The products that people name through the API.
    routing = { hash_key = "kind", range_key = "name", range_type = "S" }
    alert-groups = {
      hash_key   = "group"
      range_key  = "item"
      range_type = "S"
      # Holds only what is due: the header of a group loses `shard` when there is nothing to wait for.
      indexes = { by_due = { hash_key = "shard", range_key = "due_at" } }
    }
    incidents = {
      hash_key = "id"
      stream   = true
      indexes = {
        by_month    = { hash_key = "month", range_key = "opened_at" }
        by_resource = { hash_key = "resource_id", range_key = "opened_at" }
        by_status   = { hash_key = "status", range_key = "opened_at" }
      }
    }
  }

  # DynamoDB wants the type of every key attribute, of the table and its indexes, named once.
  table_attributes = { for name, table in local.tables : name => merge(
    { (table.hash_key) = "S" },
    can(table.range_key) ? { (table.range_key) = table.range_type } : {},
    merge([for index in values(try(table.indexes, {})) : { (index.hash_key) = "S", (index.range_key) = "S" }]...),
  ) }
}

resource "aws_dynamodb_table" "suite" {
  for_each = local.tables

  name                        = "${local.prefix}-${each.key}"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = each.value.hash_key
  range_key                   = try(each.value.range_key, null)
  deletion_protection_enabled = var.deletion_protection
  stream_enabled              = try(each.value.stream, false)
  stream_view_type            = try(each.value.stream, false) ? "NEW_IMAGE" : null

  dynamic "attribute" {
    for_each = local.table_attributes[each.key]
    content {
      name = attribute.key
      type = attribute.value
    }
  }

  dynamic "global_secondary_index" {
    for_each = try(each.value.indexes, {})
    content {
      name            = global_secondary_index.key
      hash_key        = global_secondary_index.value.hash_key
      range_key       = global_secondary_index.value.range_key
      projection_type = "ALL"
    }
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.suite.arn
  }

  point_in_time_recovery {
    enabled = true
  }
}
