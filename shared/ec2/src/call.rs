//! Auto Scaling, Systems Manager and IAM: ten operations in all, which is not worth three more SDKs in the package.

use nightjar_calls::xml::Element;
use nightjar_calls::{CallError, Caller};
use serde_json::Value;

use crate::Ec2Error;

/// The elements of the answers of which what is inside is wanted.
const CONTAINERS: [&str; 13] = [
    "DescribeAutoScalingGroupsResponse",
    "DescribeAutoScalingGroupsResult",
    "AutoScalingGroups",
    "Instances",
    "Tags",
    "SuspendedProcesses",
    "GetUserResponse",
    "GetUserResult",
    "User",
    "ListAccessKeysResponse",
    "ListAccessKeysResult",
    "AccessKeyMetadata",
    "member",
];

/// The services beside EC2.
#[derive(Debug, Clone)]
pub(crate) struct Neighbours(Caller);

impl Neighbours {
    pub(crate) fn new(config: &aws_config::SdkConfig) -> Self {
        Self(Caller::new(config))
    }

    /// An operation of Systems Manager, which speaks JSON.
    pub(crate) async fn ssm(&self, name: &'static str, body: &Value) -> Result<Value, Ec2Error> {
        Ok(self.0.json("ssm", name, "AmazonSSM", body).await?)
    }

    /// An operation of Auto Scaling, which speaks the query protocol and answers in XML.
    pub(crate) async fn autoscaling(
        &self,
        name: &'static str,
        parameters: &[(&str, &str)],
    ) -> Result<Element, Ec2Error> {
        Ok(self.0.query("autoscaling", name, "2011-01-01", parameters, &CONTAINERS).await?)
    }

    /// An operation of IAM, which speaks the query protocol too.
    pub(crate) async fn iam(&self, name: &'static str, parameters: &[(&str, &str)]) -> Result<Element, Ec2Error> {
        Ok(self.0.query("iam", name, "2010-05-08", parameters, &CONTAINERS).await?)
    }

    /// The id of the key by which this function calls AWS; `None` without credentials.
    pub(crate) async fn own_key(&self) -> Option<String> {
        self.0.key_id().await
    }
}

impl From<CallError> for Ec2Error {
    fn from(CallError { service, operation, problem, .. }: CallError) -> Self {
        Self::Call { service, operation, problem }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_config::SdkConfig;
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use wiremock::MockServer;

    use super::*;

    /// A caller of a server of the test.
    pub(crate) fn caller_of(server: &MockServer) -> Neighbours {
        let config = SdkConfig::builder()
            .region(aws_config::Region::new("eu-west-1"))
            .endpoint_url(server.uri())
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
            .build();
        Neighbours::new(&config)
    }
}
