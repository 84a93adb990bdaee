//! Who calls.

use std::str::FromStr;

use lambda_http::request::RequestContext;
use nightjar_domain::identity::{Claims, Identity, Role, claim_list};

/// Who proves callers to be whom they say: API Gateway's authorizer, by Terraform's `api_authorization`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    /// Tokens of the user pool; the role comes from the token.
    Jwt,
    /// AWS signatures. IAM's policies say who may call which route; all whom they let in have this role.
    Iam(Role),
    /// Nobody: everyone is an administrator. For try-outs.
    Nobody,
}

impl Authorization {
    /// The values of `API_AUTHORIZATION`.
    pub const NAMES: &str = "JWT, AWS_IAM or NONE";
}

impl FromStr for Authorization {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "JWT" => Ok(Self::Jwt),
            "AWS_IAM" => Ok(Self::Iam(Role::Admin)),
            "NONE" => Ok(Self::Nobody),
            other => Err(format!("{other:?} is none of {}", Self::NAMES)),
        }
    }
}

/// Somebody whom the authorizer let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// A user's name, a client's id or an ARN.
    pub who: String,
    /// `None` for somebody who was given nothing.
    pub role: Option<Role>,
    /// `cognito`, `iam` or `none`.
    pub authenticated_by: &'static str,
}

/// The caller, as API Gateway's authorizer proved him; `None` where it did not.
pub fn prove(context: Option<&RequestContext>, authorization: Authorization) -> Option<Caller> {
    match authorization {
        Authorization::Jwt => {
            let Identity { who, role } = user(context)?;
            Some(Caller { who, role, authenticated_by: "cognito" })
        }
        Authorization::Iam(role) => Some(Caller { who: signer(context)?, role: Some(role), authenticated_by: "iam" }),
        Authorization::Nobody => {
            Some(Caller { who: actor(context), role: Some(Role::Admin), authenticated_by: "none" })
        }
    }
}

/// The caller's name for the audit trail. Where the API is deployed without authorization nobody is proven to be anybody, and
/// that is what is written down.
pub fn actor(context: Option<&RequestContext>) -> String {
    let named = user(context).map(|identity| identity.who).or_else(|| signer(context));
    named.unwrap_or_else(|| match context {
        Some(RequestContext::ApiGatewayV2(context)) if context.http.source_ip.is_some() => {
            format!("unauthenticated, from {}", context.http.source_ip.as_deref().unwrap_or_default())
        }
        _ => "unauthenticated".to_owned(),
    })
}

/// The ARN whose credentials signed the request.
fn signer(context: Option<&RequestContext>) -> Option<String> {
    let Some(RequestContext::ApiGatewayV2(context)) = context else { return None };
    context.authorizer.as_ref()?.iam.as_ref()?.user_arn.clone()
}

/// The owner of the token that the request carries.
fn user(context: Option<&RequestContext>) -> Option<Identity> {
    let Some(RequestContext::ApiGatewayV2(context)) = context else { return None };
    let claims = &context.authorizer.as_ref()?.jwt.as_ref()?.claims;
    let claim = |name: &str| claims.get(name).cloned();
    let claims = Claims {
        token_use: claim("token_use"),
        username: claim("username"),
        client_id: claim("client_id"),
        groups: claim("cognito:groups").map(|groups| claim_list(&groups)).unwrap_or_default(),
        scopes: claim("scope").map(|scope| scope.split(' ').map(str::to_owned).collect()).unwrap_or_default(),
    };
    Some(claims.identity())
}
