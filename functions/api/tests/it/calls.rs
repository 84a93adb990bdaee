//! S3, KMS and Lambda without a network.

use std::fmt;
use std::sync::Arc;

use aws_config::{Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use nightjar_calls::Caller;

/// What is asked, by its address and its target, and the status and body of the answer.
type Answering = dyn Fn(&HttpRequest) -> HttpResponse + Send + Sync;

#[derive(Clone)]
struct Canned(Arc<Answering>);

impl fmt::Debug for Canned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canned")
    }
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(Ok((self.0)(&request)))
    }
}

/// A caller who hears what `answer` says.
pub(crate) fn hearing(answer: impl Fn(&HttpRequest) -> HttpResponse + Send + Sync + 'static) -> Caller {
    let config = SdkConfig::builder()
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
        .build();
    Caller::with_connector(&config, SharedHttpConnector::new(Canned(Arc::new(answer))))
}

/// A caller whom nothing is told.
pub(crate) fn silent() -> Caller {
    hearing(|_| answer(400, "nothing should be asked"))
}

pub(crate) fn answer(status: u16, body: impl Into<SdkBody>) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), body.into())
}

/// The operation of a service that speaks JSON.
pub(crate) fn target(request: &HttpRequest) -> &str {
    request.headers().get("x-amz-target").unwrap_or_default()
}
