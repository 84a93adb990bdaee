# What an auditor would ask: is it encrypted, who may do what, and can anything be lost unseen?

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  alert_email            = "oncall@example.com"
  packages_dir           = "./tests/packages"
  create_target_instance = true
}

run "everything_is_encrypted_with_the_suites_key" {
  assert {
    condition = alltrue(concat(
      [for topic in aws_sns_topic.suite : topic.kms_master_key_id == aws_kms_key.suite.arn],
      [for queue in aws_sqs_queue.dead_letters : queue.kms_master_key_id == aws_kms_key.suite.arn],
      [for table in aws_dynamodb_table.suite : table.server_side_encryption[0].kms_key_arn == aws_kms_key.suite.arn],
      [for function in local.modules : function.configuration.log_key == aws_kms_key.suite.arn],
      [for function in local.modules : function.configuration.environment_key == aws_kms_key.suite.arn],
      [aws_cloudwatch_log_group.api_access.kms_key_id == aws_kms_key.suite.arn],
      [for parameter in aws_ssm_parameter.alert : parameter.key_id == aws_kms_key.suite.arn && parameter.type == "SecureString"],
    ))
    error_message = "Topics, queues, tables, logs and function environments use the customer-managed key."
  }

  assert {
    condition     = aws_kms_key.suite.enable_key_rotation
    error_message = "The key rotates."
  }
}

run "services_use_the_key_for_this_account_only" {
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.suite.policy).Statement :
      can(statement.Condition) if can(statement.Principal.Service)
    ])
    error_message = "A service principal in the key policy needs a source condition, or other accounts could use it as a deputy."
  }

  assert {
    condition = setunion([
      for statement in jsondecode(aws_kms_key.suite.policy).Statement : flatten([statement.Principal.Service]) if can(statement.Principal.Service)
    ]...) == toset(["cloudwatch.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com", "logs.us-east-1.amazonaws.com"])
    error_message = "Alarms, EventBridge, SNS and CloudWatch Logs use the key; nobody else."
  }
}

run "tables_can_be_restored_and_forget" {
  assert {
    condition     = alltrue([for table in aws_dynamodb_table.suite : table.point_in_time_recovery[0].enabled])
    error_message = "Every table has point-in-time recovery."
  }

  assert {
    condition     = alltrue([for table in aws_dynamodb_table.suite : table.ttl[0].enabled && table.ttl[0].attribute_name == "expires_at"])
    error_message = "Everything ends at the time that it carries."
  }

  assert {
    condition     = sort([for index in aws_dynamodb_table.suite["incidents"].global_secondary_index : index.name]) == tolist(["by_month", "by_resource", "by_status"])
    error_message = "The API lists incidents by month, by resource and by status."
  }
}

run "roles_name_what_they_touch" {
  # These calls take no resource in IAM; nothing else may say "*".
  assert {
    condition = alltrue(flatten([
      for function in local.modules : [
        for statement in jsondecode(function.policy).Statement : length(setsubtract(statement.Action, [
          "ec2:DescribeInstances", "ec2:DescribeInstanceStatus", "ec2:DescribeSnapshots", "tag:GetResources", "cloudwatch:DescribeAlarms", "cloudwatch:ListMetrics", "cloudwatch:GetMetricData", "logs:DescribeLogGroups",
          "logs:GetQueryResults", "logs:StopQuery", "cloudtrail:LookupEvents", "dynamodb:ListStreams", "autoscaling:DescribeAutoScalingGroups",
          "ssm:DescribeInstanceInformation", "ssm:GetCommandInvocation", "ssm:ListCommands",
        ])) == 0 if contains(statement.Resource, "*")
      ]
    ]))
    error_message = "A statement on all resources may only hold actions that take none."
  }

  assert {
    condition = alltrue(flatten([
      for function in local.modules : [
        for statement in jsondecode(function.policy).Statement : [for action in statement.Action : !strcontains(action, "*")]
      ]
    ]))
    error_message = "No wildcard actions."
  }

  assert {
    condition = alltrue(flatten([
      for function in local.modules : [
        for statement in jsondecode(function.policy).Statement : can(statement.Condition.StringLike["kms:ViaService"])
        if contains(statement.Action, "kms:Decrypt")
      ]
    ]))
    error_message = "Functions use the key only through the services that encrypt with it."
  }

  assert {
    condition = [
      for name, function in local.modules : name if anytrue([
        for statement in jsondecode(function.policy).Statement : contains(statement.Action, "dynamodb:DeleteItem") && statement.Effect == "Allow"
      ])
    ] == ["alert-handler", "api", "onboarding", "realtime"]
    error_message = "Only four functions delete anything: alerts that were told and are over, products that somebody removed, what left the inventory, and who hung up. Nobody deletes an audit entry."
  }

  assert {
    condition     = local.append_to_audit.actions == ["dynamodb:Query", "dynamodb:PutItem"]
    error_message = "The audit trail is read and appended to, never changed."
  }
}

run "alarms_are_planned_and_only_its_own_are_deleted" {
  assert {
    condition     = module.onboarding.environment.MANAGE_ALARMS == "plan" && module.onboarding.environment.ALARMS_MAX == "500"
    error_message = "Alarms cost money: by default they are planned, not made."
  }

  assert {
    condition = [
      for statement in jsondecode(module.onboarding.policy).Statement : statement.Condition
      if contains(statement.Action, "cloudwatch:DeleteAlarms")
    ] == [{ StringEquals = { "aws:ResourceTag/aiops:managed-by" = ["onboarding"] } }]
    error_message = "Onboarding deletes alarms with its ownership tag alone."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(module.onboarding.policy).Statement :
      statement.Resource == ["arn:aws:cloudwatch:us-east-1:111122223333:alarm:aiops-*"]
      if length(setintersection(statement.Action, ["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms", "cloudwatch:TagResource"])) > 0
    ])
    error_message = "Onboarding writes alarms with the suite's prefix alone."
  }

  assert {
    condition = [
      for name, function in local.modules : name if strcontains(function.policy, "cloudwatch:PutMetricAlarm")
    ] == ["onboarding"]
    error_message = "Nobody else makes alarms."
  }

  assert {
    condition = alltrue([for topic in ["alarms", "ops"] : anytrue([
      for statement in jsondecode(aws_sns_topic.suite[topic].policy).Statement : statement.Sid == "AlarmsOfTheSuite"
    ])])
    error_message = "Alarms may publish where they are to be heard."
  }
}

run "composite_alarms_are_made_only_where_they_are_wanted" {
  variables {
    composite_alarms = true
  }
  assert {
    condition = anytrue([
      for statement in jsondecode(module.onboarding.policy).Statement :
      statement.Action == ["cloudwatch:PutCompositeAlarm"] && statement.Resource == ["*"]
    ])
    error_message = "CloudWatch makes composite alarms for who may make them anywhere, and for nobody else."
  }
  assert {
    condition     = strcontains(module.log_analyzer_rca.policy, "cloudwatch:DescribeAlarms")
    error_message = "The alarms behind a composite alarm are read."
  }
}

run "without_composite_alarms_nobody_may_make_or_read_them" {
  assert {
    condition     = !strcontains(module.onboarding.policy, "PutCompositeAlarm") && !strcontains(module.log_analyzer_rca.policy, "DescribeAlarms")
    error_message = "Rights for composite alarms come with them."
  }
}

run "without_alarms_there_is_no_permission" {
  variables {
    manage_alarms = "off"
  }

  assert {
    condition     = !strcontains(module.onboarding.policy, "Alarm")
    error_message = "Where alarms are off, onboarding may not even read them."
  }
}

run "the_audit_trail_is_never_changed" {
  assert {
    condition = alltrue([
      for function in local.modules : anytrue([
        for statement in jsondecode(function.policy).Statement :
        statement.Effect == "Deny" && statement.Resource == [aws_dynamodb_table.suite["audit"].arn] && length(setsubtract([
          "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete",
        ], statement.Action)) == 0
      ])
    ])
    error_message = "Every role is denied to update or delete audit entries, whatever else it is allowed."
  }

  assert {
    condition = alltrue(flatten([
      for function in local.modules : [
        for statement in jsondecode(function.policy).Statement : length(setintersection(statement.Action, [
          "s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention", "s3:PutObjectRetention",
        ])) == 0
      ]
    ]))
    error_message = "No role deletes anchors or lifts their lock."
  }

  assert {
    condition = [
      for name, function in local.modules : name if strcontains(function.policy, "kms:Sign")
    ] == ["audit-anchor"]
    error_message = "Only audit-anchor signs."
  }
}

run "anchors_are_locked" {
  assert {
    condition = (
      aws_s3_bucket.anchors.object_lock_enabled
      && aws_s3_bucket_versioning.anchors.versioning_configuration[0].status == "Enabled"
      && aws_s3_bucket_object_lock_configuration.anchors.rule[0].default_retention[0].mode == "COMPLIANCE"
      && aws_s3_bucket_object_lock_configuration.anchors.rule[0].default_retention[0].days == 430
      && !aws_s3_bucket.anchors.force_destroy
    )
    error_message = "Anchors cannot be deleted before their time, by anybody."
  }

  assert {
    condition     = var.anchor_lock_days > jsondecode(file("${path.module}/../config/audit_log_schema.json")).retention_days
    error_message = "Anchors outlive the entries that they vouch for."
  }

  assert {
    condition = { for statement in jsondecode(aws_s3_bucket_policy.anchors.policy).Statement : statement.Sid => statement.Effect } == {
      EncryptedConnectionsOnly = "Deny"
      NobodyDeletesAnchors     = "Deny"
    }
    error_message = "The bucket refuses deletion and plain connections, and grants nothing."
  }

  assert {
    condition = (
      aws_s3_bucket_public_access_block.anchors.block_public_acls && aws_s3_bucket_public_access_block.anchors.block_public_policy
      && aws_s3_bucket_public_access_block.anchors.ignore_public_acls && aws_s3_bucket_public_access_block.anchors.restrict_public_buckets
    )
    error_message = "Nothing of it is public."
  }

  assert {
    condition     = aws_kms_key.anchors.key_usage == "SIGN_VERIFY" && aws_kms_key.anchors.customer_master_key_spec == "ECC_NIST_P256"
    error_message = "Anchors are signed with P-256, which `nightjar audit verify` knows."
  }
}

run "anchors_of_a_try_out_can_be_destroyed" {
  variables {
    anchor_lock_mode = "GOVERNANCE"
    anchor_lock_days = 1
  }

  assert {
    condition     = aws_s3_bucket.anchors.force_destroy && aws_s3_bucket_object_lock_configuration.anchors.rule[0].default_retention[0].mode == "GOVERNANCE"
    error_message = "Governance mode is for try-outs."
  }
}

run "the_api_changes_no_more_than_it_must" {
  assert {
    condition = sort(distinct(flatten([
      for statement in jsondecode(module.api.policy).Statement : statement.Action
      if statement.Effect == "Allow" && statement.Sid != "Audit"
      ]))) == tolist([
      "cloudwatch:GetMetricData", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem", "kms:Decrypt", "kms:GenerateDataKey",
      "kms:GetPublicKey", "kms:VerifyMac", "lambda:InvokeFunction", "logs:CreateLogStream", "logs:PutLogEvents", "s3:GetObject", "s3:ListBucket",
      "sns:Publish", "sqs:SendMessage",
    ])
    error_message = "The API removes nothing but products, and repairs nothing."
  }

  assert {
    condition = [
      for statement in jsondecode(module.api.policy).Statement : statement.Resource if contains(statement.Action, "lambda:InvokeFunction")
    ] == [[module.security_monitor.arn]]
    error_message = "The API calls one function, the security monitor."
  }
}

run "the_root_cause_analysis_only_reads" {
  assert {
    condition = toset(flatten([
      for statement in jsondecode(module.log_analyzer_rca.policy).Statement : statement.Action
      if contains(statement.Resource, "*")
    ])) == toset(["cloudwatch:GetMetricData", "cloudtrail:LookupEvents", "ec2:DescribeInstanceStatus", "ec2:DescribeInstances", "logs:GetQueryResults", "logs:StopQuery"])
    error_message = "On all resources it may only do what takes no resource in IAM."
  }

  assert {
    condition     = module.log_analyzer_rca.environment.GATHER_DEADLINE_SECONDS == "20" && module.log_analyzer_rca.environment.LOG_SCAN_LIMIT_MB == "2000"
    error_message = "Gathering is bounded in time and in cost."
  }
}

run "people_are_asked_by_default" {
  assert {
    condition     = module.remediation_engine.environment.REMEDIATION_MODE == "approve"
    error_message = "By default a person approves what is carried out."
  }

  assert {
    condition     = module.remediation_engine.environment.SECURITY_REMEDIATION_MODE == "approve"
    error_message = "Nothing is done about a principal without a person, unless somebody says so."
  }

  assert {
    condition     = aws_kms_key.approvals.key_usage == "GENERATE_VERIFY_MAC"
    error_message = "The key of the approvals signs, and does nothing else."
  }

  assert {
    condition = (
      { for name, function in local.modules : name => [for action in ["kms:GenerateMac", "kms:VerifyMac"] : action if strcontains(function.policy, action)]
      if strcontains(function.policy, "Mac") } == { remediation-engine = ["kms:GenerateMac"], api = ["kms:VerifyMac"] }
    )
    error_message = "The engine makes tokens and the API checks them: neither does both."
  }
}

run "a_dry_run_could_not_act_if_it_wanted_to" {
  variables {
    remediation_mode = "dry_run"
  }

  assert {
    condition     = alltrue([for action in ["ec2:Reboot", "ec2:Stop", "ec2:Start", "ec2:Create", "ec2:Modify", "ssm:Send", "autoscaling:Terminate", "autoscaling:Set", "iam:Update"] : !strcontains(module.remediation_engine.policy, action)])
    error_message = "In a dry run the role cannot change anything."
  }
}

run "auto_touches_only_what_opted_in" {
  variables {
    remediation_mode      = "auto"
    remediation_documents = ["AWS-RestartEC2Instance", "restart-web"]
  }

  assert {
    condition = {
      for statement in jsondecode(module.remediation_engine.policy).Statement :
      statement.Sid => [join(",", statement.Action), join(",", statement.Resource)] if startswith(statement.Sid, "OptedIn") || statement.Sid == "AllowedDocuments"
      } == {
      OptedInReboot           = ["ec2:RebootInstances", "arn:aws:ec2:us-east-1:111122223333:instance/*"]
      OptedInStopStart        = ["ec2:RebootInstances,ec2:StopInstances,ec2:StartInstances", "arn:aws:ec2:us-east-1:111122223333:instance/*"]
      OptedInIsolate          = ["ec2:ModifyInstanceAttribute", "arn:aws:ec2:us-east-1:111122223333:instance/*"]
      OptedInSsmDocument      = ["ssm:SendCommand", "arn:aws:ec2:us-east-1:111122223333:instance/*"]
      OptedInAsgReplace       = ["autoscaling:TerminateInstanceInAutoScalingGroup", "arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:*:autoScalingGroupName/*"]
      OptedInScaleOut         = ["autoscaling:SetDesiredCapacity", "arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:*:autoScalingGroupName/*"]
      OptedInDisableAccessKey = ["iam:UpdateAccessKey", "arn:aws:iam::111122223333:user/*"]
      AllowedDocuments        = ["ssm:SendCommand", "arn:aws:ssm:us-east-1::document/AWS-RestartEC2Instance,arn:aws:ssm:us-east-1:111122223333:document/restart-web"]
    }
    error_message = "What changes anything is limited to what it is for."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(module.remediation_engine.policy).Statement :
      statement.Condition == {
        StringLike = { "aws:ResourceTag/aiops:remediate" = [
          for pattern in ["@", "@ *", "* @", "* @ *"] : replace(pattern, "@", {
            OptedInReboot           = "reboot"
            OptedInStopStart        = "stop_start"
            OptedInIsolate          = "isolate"
            OptedInSsmDocument      = "ssm_document"
            OptedInAsgReplace       = "asg_replace"
            OptedInScaleOut         = "scale_out"
            OptedInDisableAccessKey = "disable_access_key"
          }[statement.Sid])
        ] }
        Null = { "aws:ResourceTag/aiops:never-touch" = ["true"] }
      } if startswith(statement.Sid, "OptedIn")
    ])
    error_message = "It is limited, in the policy itself, to what opted in to just that and is not protected."
  }

  assert {
    condition = alltrue(flatten([
      for name, function in local.modules : [
        for action in [
          "ec2:Reboot", "ec2:Stop", "ec2:Start", "ec2:Create", "ec2:Modify", "ssm:Send", "autoscaling:Terminate", "autoscaling:Set",
          "iam:Update",
        ] : !strcontains(function.policy, action)
      ] if name != "remediation-engine"
    ]))
    error_message = "Only the remediation engine changes anything outside the suite."
  }

  assert {
    condition     = module.remediation_engine.configuration.reserved_concurrency == 1
    error_message = "One remediation at a time."
  }
}

run "no_document_may_be_run_by_default" {
  variables {
    remediation_mode = "auto"
  }

  assert {
    condition     = !strcontains(module.remediation_engine.policy, "ssm:SendCommand")
    error_message = "Without a list of documents, none may be run."
  }
}

run "new_account_without_concurrency_to_reserve" {
  variables {
    remediation_concurrency = null
  }

  assert {
    condition     = module.remediation_engine.configuration.reserved_concurrency == -1
    error_message = "Null removes the reservation."
  }
}

run "nothing_is_lost_unseen" {
  assert {
    condition = alltrue([
      for name in local.functions :
      aws_cloudwatch_metric_alarm.dead_letters[name].dimensions.QueueName == "aiops-${name}-dlq"
      && aws_cloudwatch_metric_alarm.dead_letters[name].threshold == 0
      && contains(aws_cloudwatch_metric_alarm.dead_letters[name].alarm_actions, aws_sns_topic.suite["ops"].arn)
    ])
    error_message = "Each function's dead-letter queue has an alarm that reaches the ops topic."
  }

  assert {
    condition     = alltrue([for queue in aws_sqs_queue.dead_letters : queue.message_retention_seconds == 1209600])
    error_message = "Dead letters wait 14 days."
  }

  assert {
    condition     = alltrue([for name, function in local.modules : function.configuration.on_failure == aws_sqs_queue.dead_letters[name].arn])
    error_message = "What a function could not finish goes to its own queue."
  }

  assert {
    condition     = alltrue([for subscription in aws_sns_topic_subscription.function : can(jsondecode(subscription.redrive_policy).deadLetterTargetArn)])
    error_message = "What SNS could not hand over goes to the function's queue."
  }

  assert {
    condition     = alltrue([for target in aws_cloudwatch_event_target.suite : length(target.dead_letter_config) == 1])
    error_message = "What EventBridge could not hand over goes to the function's queue."
  }
}

run "messages_reach_whom_they_concern" {
  assert {
    condition = { for name, subscription in aws_sns_topic_subscription.function : name => coalesce(subscription.filter_policy, "everything") } == {
      alert-handler           = "everything"
      alert-handler-changes   = "everything"
      log-analyzer-rca        = "everything"
      log-analyzer-rca-alarms = "everything"
      remediation-engine      = "{\"kind\":[\"incident\"]}"
    }
    error_message = "Remediation hears incidents only: its own reports must not start another remediation."
  }

  assert {
    condition     = alltrue([for subscription in aws_sns_topic_subscription.email : subscription.endpoint == "oncall@example.com"]) && length(aws_sns_topic_subscription.email) == 2
    error_message = "Critical alerts and the suite's own trouble reach the e-mail address."
  }
}

run "security_events_are_seen_whole" {
  assert {
    condition     = aws_cloudwatch_event_rule.suite["security-monitor-cloudtrail"].state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    error_message = "Discovery shows in read-only events, which EventBridge brings only in this state."
  }

  assert {
    condition     = aws_cloudwatch_event_rule.suite["security-monitor-schedule"].schedule_expression == "rate(15 minutes)"
    error_message = "What EventBridge does not bring is looked for."
  }

  assert {
    condition     = alltrue([for kind in ["API Call", "Console Sign In", "Service Event"] : strcontains(aws_cloudwatch_event_rule.suite["security-monitor-cloudtrail"].event_pattern, "AWS ${kind} via CloudTrail")])
    error_message = "Calls, sign-ins and what services report are judged."
  }

  assert {
    condition     = module.security_monitor.environment.SECURITY_SEVERITY == "medium"
    error_message = "People are told from medium on."
  }

  assert {
    condition     = toset(flatten([for statement in jsondecode(module.security_monitor.policy).Statement : statement.Action if statement.Effect == "Allow" && contains(flatten([statement.Resource]), "*")])) == toset(["cloudtrail:LookupEvents"])
    error_message = "It reads CloudTrail's history; all else it may do is about the suite's own tables, topic and logs."
  }
}

run "reads_can_be_left_out" {
  variables {
    security_read_only_events = false
  }

  assert {
    condition     = aws_cloudwatch_event_rule.suite["security-monitor-cloudtrail"].state == "ENABLED"
    error_message = "Without read-only events the rule is in its ordinary state."
  }
}

run "the_api_is_shut" {
  assert {
    condition     = length(aws_apigatewayv2_api.suite.cors_configuration) == 0
    error_message = "No web page may call it by default."
  }

  assert {
    condition     = aws_apigatewayv2_stage.default.default_route_settings[0].throttling_rate_limit == 20
    error_message = "The API is throttled."
  }
}

run "the_target_is_shut_to_the_world" {
  assert {
    condition     = one(aws_instance.target[0].metadata_options).http_tokens == "required" && one(aws_instance.target[0].root_block_device).encrypted
    error_message = "IMDSv2 and an encrypted disk."
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.target_https[0].from_port == 443
    error_message = "Out on HTTPS only."
  }

  assert {
    condition = {
      for key in ["aiops:monitor", "aiops:remediate", "aiops:log-groups"] : key => aws_instance.target[0].tags[key]
      } == {
      "aiops:monitor"    = "true"
      "aiops:remediate"  = "reboot"
      "aiops:log-groups" = "/aiops/target"
    }
    error_message = "The target is watched and has opted in."
  }
}

run "tags_and_dashboard" {
  variables {
    tags = { CostCenter = "42", ManagedBy = "somebody else" }
  }

  assert {
    condition     = local.tags == { CostCenter = "42", ManagedBy = "terraform", NamePrefix = "aiops", Project = "nightjar" }
    error_message = "The suite's own tags cannot be overwritten."
  }

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.suite.dashboard_body).widgets) == 2 + 1 + 6 + 1 + 8
    error_message = "The dashboard has its head, the fleet and the suite."
  }

  assert {
    condition = alltrue([for one in jsondecode(aws_cloudwatch_dashboard.suite.dashboard_body).widgets : alltrue([
      for other in jsondecode(aws_cloudwatch_dashboard.suite.dashboard_body).widgets :
      one == other || one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y || other.y + other.height <= one.y
    ]) && one.x + one.width <= 24])
    error_message = "No widget of the dashboard lies on another."
  }

  assert {
    condition     = alltrue([for widget in jsondecode(aws_cloudwatch_dashboard.suite.dashboard_body).widgets : alltrue([for metric in widget.properties.metrics : length(try(metric[0].expression, "")) <= 2048]) if widget.type == "metric"])
    error_message = "CloudWatch takes expressions of 2,048 characters."
  }
}

run "secrets_of_channels_are_kept_apart_from_the_function" {
  variables {
    slack_webhook_url = "https://hooks.slack.com/services/T0/B0/token"
    alert_secrets     = { slack-bot = "xoxb-secret" }
  }

  assert {
    condition     = sort(keys(aws_ssm_parameter.alert)) == tolist(["slack-bot", "slack-webhook-url"]) && length(aws_secretsmanager_secret.alert) == 0
    error_message = "One parameter for each secret that is set."
  }

  assert {
    condition     = nonsensitive(module.alert_handler.environment)["SLACK_WEBHOOK_URL"] == "ssm:/aiops/alerts/slack-webhook-url"
    error_message = "The function is told where the URL is, not the URL."
  }

  assert {
    condition     = !can(regex("xoxb-secret|T0/B0", jsonencode(nonsensitive(module.alert_handler.environment))))
    error_message = "No secret is in the function's environment."
  }
}

run "secrets_manager_keeps_them_where_it_is_asked_to" {
  variables {
    alert_secret_store = "secretsmanager"
    alert_secrets      = { pagerduty = "R0UTINGKEY" }
  }

  assert {
    condition     = aws_secretsmanager_secret.alert["pagerduty"].name == "aiops/alerts/pagerduty" && aws_secretsmanager_secret.alert["pagerduty"].kms_key_id == aws_kms_key.suite.arn && length(aws_ssm_parameter.alert) == 0
    error_message = "Secrets Manager keeps them, encrypted with the suite's key."
  }

  assert {
    condition     = output.alert_secret_references["pagerduty"] == "secretsmanager:aiops/alerts/pagerduty" && length(output.alert_secret_references) == 1
    error_message = "The output tells what the routes may refer to."
  }

  assert {
    condition = length([
      for statement in jsondecode(module.alert_handler.policy).Statement : statement
      if contains(statement.Action, "secretsmanager:GetSecretValue") && statement.Resource == ["arn:aws:secretsmanager:us-east-1:111122223333:secret:aiops/*"]
    ]) == 1
    error_message = "The function reads the suite's secrets, and no others."
  }
}
