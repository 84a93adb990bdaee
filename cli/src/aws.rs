//! Which AWS account and region a command talks to.

use anyhow::Context as _;
use aws_config::{Region, SdkConfig};
use nightjar_aws::clients;

/// Region and profile, where they differ from the environment's.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct AwsArgs {
    /// AWS region; else AWS_REGION or the profile's.
    #[arg(long)]
    pub region: Option<String>,
    /// Profile of the AWS configuration; else AWS_PROFILE or `default`.
    #[arg(long)]
    pub profile: Option<String>,
}

/// Who calls, as AWS knows them.
pub async fn caller(config: &SdkConfig) -> anyhow::Result<String> {
    let identity = aws_sdk_sts::Client::new(config).get_caller_identity().send().await;
    let identity = identity.context("AWS does not say who is calling: look at --profile and the credentials")?;
    identity.arn.context("AWS does not say who is calling")
}

impl AwsArgs {
    /// Loads region and credentials as the AWS CLI does.
    pub async fn load(&self) -> SdkConfig {
        let mut loader = clients::loader();
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        loader.load().await
    }
}
