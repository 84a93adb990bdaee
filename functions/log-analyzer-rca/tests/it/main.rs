//! From anomalies, alarms and log lines to incidents and their end, through real clients with mocked answers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops at the first surprise")]

mod ec2;
mod handler;
mod lifecycle;
mod memory;
mod windows;

use aws_config::{BehaviorVersion, SdkConfig};
use nightjar_aws::scopes::Scopes;
use nightjar_log_analyzer_rca::settings::Settings;

/// The suite's own account and region alone.
fn scopes(settings: &Settings) -> Scopes {
    let config = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
    Scopes::new(config, settings.home.clone(), "aiops-log-analyzer-rca")
}
