//! Who calls.

use lambda_http::request::RequestContext;

/// The caller's ARN as the IAM authorizer proved it. Where the API is deployed without authorization nobody is proven to be
/// anybody, and that is what is written down.
pub fn actor(context: Option<&RequestContext>) -> String {
    let Some(RequestContext::ApiGatewayV2(context)) = context else { return "unauthenticated".to_owned() };
    let iam = context.authorizer.as_ref().and_then(|authorizer| authorizer.iam.as_ref());
    match iam.and_then(|iam| iam.user_arn.clone()) {
        Some(arn) => arn,
        None => match &context.http.source_ip {
            Some(address) => format!("unauthenticated, from {address}"),
            None => "unauthenticated".to_owned(),
        },
    }
}
