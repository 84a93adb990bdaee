//! Which AWS account and region a command talks to.

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
