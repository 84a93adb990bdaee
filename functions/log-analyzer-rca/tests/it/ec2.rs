//! EC2 without a network: what it answers to the two calls that describe an instance.

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use nightjar_calls::Caller;
use nightjar_testkit::resource;

/// Answers by the operation that the body names.
#[derive(Debug, Clone)]
struct Ec2 {
    status: u16,
    instance: String,
    checks: String,
}

impl HttpConnector for Ec2 {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = std::str::from_utf8(request.body().bytes().unwrap_or_default()).unwrap();
        let id = resource().reference.id;
        let answer = if body.starts_with("Action=DescribeInstanceStatus&") {
            assert!(body.contains("IncludeAllInstances=true") && body.contains(&id), "{body}");
            format!(
                "<DescribeInstanceStatusResponse><instanceStatusSet><item><instanceId>{id}</instanceId>{}</item>\
                 </instanceStatusSet></DescribeInstanceStatusResponse>",
                self.checks
            )
        } else {
            assert!(body.starts_with("Action=DescribeInstances&"), "{body}");
            format!(
                "<DescribeInstancesResponse><reservationSet><item><instancesSet>{}</instancesSet></item>\
                 </reservationSet></DescribeInstancesResponse>",
                self.instance
            )
        };
        let response = HttpResponse::new(self.status.try_into().unwrap(), SdkBody::from(answer));
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// The fields of an instance and of its status, in EC2's XML.
pub(crate) fn answering(status: u16, instance: &str, checks: &str) -> Caller {
    let id = resource().reference.id;
    let instance = format!("<item><instanceId>{id}</instanceId>{instance}</item>");
    caller(Ec2 { status, instance, checks: checks.to_owned() })
}

/// An EC2 that knows no instance.
pub(crate) fn empty() -> Caller {
    caller(Ec2 { status: 200, instance: String::new(), checks: String::new() })
}

/// An instance that runs and is well.
pub(crate) fn running() -> Caller {
    answering(
        200,
        "<instanceState><code>16</code><name>running</name></instanceState><launchTime>2026-11-01T06:00:00.000Z</launchTime>",
        "<systemStatus><status>ok</status><details><item><name>reachability</name></item></details></systemStatus>\
         <instanceStatus><status>ok</status></instanceStatus>",
    )
}

fn caller(ec2: Ec2) -> Caller {
    let config = SdkConfig::builder()
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .build();
    Caller::with_connector(&config, SharedHttpConnector::new(ec2))
}
