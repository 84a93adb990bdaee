//! What rules need and events do not say outright, added to the event under `nightjar`.
//!
//! | field | meaning |
//! |---|---|
//! | `nightjar.actor` | who stands behind the call: the user, or the role whatever its session |
//! | `nightjar.session` | this session of it: role and session name, or the access key |
//! | `nightjar.identity` | `root`, `long_term_key`, `user_mfa`, `user_session`, `instance`, `sso`, `role`, `service`, `federated`, `other` |
//! | `nightjar.target` | what the call acts on, one text: an instance, a secret, a bucket |
//! | `nightjar.network` | the /16 (IPv4) or /32 (IPv6) of the caller |
//! | `nightjar.external_accounts` | accounts, other than this and trusted ones, that the request lets in |
//! | `nightjar.public` | the request lets in everyone |
//! | `nightjar.admin_policy` | a policy in the request allows every action on every resource |
//! | `nightjar.denies_everyone` | a policy in the request locks out everyone |
//! | `nightjar.federated` | identity providers that a trust policy lets in |
//! | `nightjar.first_seen` | the actor never did this before, and is known long enough to say so |
//! | `nightjar.habit` | the actor did this on three earlier days within three months |

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::{Map, Value, json};

use crate::policy;

/// Longest text kept as a target.
const MAX_TARGET: usize = 512;

/// Request fields that name what is acted on, most telling first.
const TARGETS: [&str; 34] = [
    "instanceId",
    "secretId",
    "target",
    "userName",
    "roleName",
    "groupName",
    "policyArn",
    "bucketName",
    "functionName",
    "snapshotId",
    "imageId",
    "volumeId",
    "groupId",
    "keyId",
    "dBSnapshotIdentifier",
    "dBInstanceIdentifier",
    "dBClusterIdentifier",
    "trailName",
    "detectorId",
    "modelId",
    "tableName",
    "name",
    "path",
    "key",
    "roleArn",
    "resourceArn",
    "repositoryName",
    "stackName",
    "clusterName",
    "serviceCode",
    "resourceId",
    "arn",
    "id",
    "logGroupName",
];

/// Request fields that hold whom something is shared with.
const SHARES: [&str; 9] = [
    "/createVolumePermission/add/items",
    "/launchPermission/add/items",
    "/loadPermission/add/items",
    "/valuesToAdd",
    "/principal",
    "/principals",
    "/granteePrincipal",
    "/accountsToAdd",
    "/ModifyVpcEndpointServicePermissionsRequest/AddAllowedPrincipals",
];

fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(value, |value, key| value.get(key))?.as_str().filter(|text| !text.is_empty())
}

/// Adds the derived fields to `event`; what stood under `nightjar` before is replaced. `first_seen` and `habit` are added by
/// the detector. Events that are no objects stay as they are.
pub fn enrich(event: &mut Value, trusted_accounts: &BTreeSet<String>) {
    if !event.is_object() {
        return;
    }
    let mut facts = Map::new();
    facts.insert("actor".into(), json!(actor(event)));
    facts.insert("session".into(), json!(session(event)));
    facts.insert("identity".into(), json!(identity(event)));
    if let Some(target) = target(event) {
        facts.insert("target".into(), json!(target));
    }
    if let Some(network) = text(event, &["sourceIPAddress"]).and_then(network) {
        facts.insert("network".into(), json!(network));
    }
    if event.get("readOnly") != Some(&Value::Bool(true)) {
        access(event, trusted_accounts, &mut facts);
    }
    event["nightjar"] = Value::Object(facts);
}

/// Who stands behind the call, stable over sessions.
pub fn actor(event: &Value) -> String {
    let who = |path: &[&str]| text(event, path).map(str::to_owned);
    who(&["userIdentity", "sessionContext", "sessionIssuer", "arn"])
        .or_else(|| who(&["userIdentity", "arn"]))
        .or_else(|| who(&["userIdentity", "onBehalfOf", "userId"]))
        .or_else(|| who(&["userIdentity", "principalId"]))
        .or_else(|| who(&["userIdentity", "invokedBy"]))
        .or_else(|| who(&["userIdentity", "userName"]))
        .or_else(|| who(&["userIdentity", "accountId"]))
        .unwrap_or_else(|| "unknown".to_owned())
}

fn session(event: &Value) -> String {
    text(event, &["userIdentity", "arn"])
        .or_else(|| text(event, &["userIdentity", "accessKeyId"]))
        .map_or_else(|| actor(event), str::to_owned)
}

/// What kind of credential made the call.
fn identity(event: &Value) -> &'static str {
    let kind = text(event, &["userIdentity", "type"]).unwrap_or_default();
    let key = text(event, &["userIdentity", "accessKeyId"]).unwrap_or_default();
    let mfa = text(event, &["userIdentity", "sessionContext", "attributes", "mfaAuthenticated"]) == Some("true");
    let issuer = text(event, &["userIdentity", "sessionContext", "sessionIssuer", "arn"]).unwrap_or_default();
    let principal = text(event, &["userIdentity", "principalId"]).unwrap_or_default();
    let delivered = event.pointer("/userIdentity/sessionContext/ec2RoleDelivery").is_some();
    match kind {
        "Root" => "root",
        "IAMUser" if mfa => "user_mfa",
        "IAMUser" if key.starts_with("ASIA") => "user_session",
        "IAMUser" => "long_term_key",
        "AssumedRole" if delivered || principal.contains(":i-") => "instance",
        "AssumedRole" if issuer.contains("AWSReservedSSO_") => "sso",
        "AssumedRole" | "Role" => "role",
        "FederatedUser" | "SAMLUser" | "WebIdentityUser" | "IdentityCenterUser" => "federated",
        "AWSService" => "service",
        _ => "other",
    }
}

fn target(event: &Value) -> Option<String> {
    let request = event.get("requestParameters")?;
    let cut = |text: &str| text.chars().take(MAX_TARGET).collect::<String>();
    if let Some(object) = text(request, &["bucketName"]).zip(text(request, &["key"])) {
        return Some(cut(&format!("{}/{}", object.0, object.1)));
    }
    if let Some(named) = TARGETS.iter().find_map(|key| text(request, &[key])) {
        return Some(cut(named));
    }
    // Lists of ids, as EC2 and SSM spell them.
    let listed = ["/names", "/instanceIds", "/instancesSet/items", "/secretIdList"]
        .iter()
        .find_map(|path| request.pointer(path)?.as_array())?;
    let ids: Vec<&str> =
        listed.iter().filter_map(|item| item.as_str().or_else(|| text(item, &["instanceId"]))).take(32).collect();
    (!ids.is_empty()).then(|| cut(&ids.join(",")))
}

/// The /16 or /32 an address lies in; `None` for the name of an AWS service.
fn network(address: &str) -> Option<String> {
    match address.parse().ok()? {
        IpAddr::V4(ip) => Some(format!("{}.{}.0.0/16", ip.octets()[0], ip.octets()[1])),
        IpAddr::V6(ip) => Some(format!("{:x}:{:x}::/32", ip.segments()[0], ip.segments()[1])),
    }
}

/// Whom the request lets in: through policies, shares, grants and access lists.
fn access(event: &Value, trusted: &BTreeSet<String>, facts: &mut Map<String, Value>) {
    let Some(request) = event.get("requestParameters").filter(|request| request.is_object()) else { return };
    let allowed = policy::allowed(request);
    let mut accounts = allowed.accounts;
    let mut everyone = allowed.everyone;
    let mut let_in = |principal: &str| {
        everyone |= matches!(principal, "*" | "all") || principal.ends_with("/global/AllUsers");
        everyone |= principal.ends_with("/global/AuthenticatedUsers");
        accounts.extend(policy::account(principal));
    };
    for shared in SHARES.iter().filter_map(|path| request.pointer(path)) {
        policy::texts(shared).into_iter().for_each(&mut let_in);
        for item in shared.as_array().into_iter().flatten() {
            ["userId", "group"].iter().filter_map(|key| text(item, &[key])).for_each(&mut let_in);
        }
    }
    if let Some(layer_owners) = request.get("layers") {
        policy::texts(layer_owners).into_iter().for_each(&mut let_in);
    }
    let grants = request.pointer("/AccessControlPolicy/AccessControlList/Grant");
    for grant in
        grants.into_iter().flat_map(|grant| grant.as_array().map_or(std::slice::from_ref(grant), Vec::as_slice))
    {
        text(grant, &["Grantee", "URI"]).into_iter().for_each(&mut let_in);
    }
    everyone |=
        request.get("x-amz-acl").map(policy::texts).unwrap_or_default().iter().any(|acl| acl.starts_with("public-"));

    let own = ["recipientAccountId"].iter().filter_map(|key| text(event, &[key]));
    let own: Vec<&str> = own.chain(text(event, &["userIdentity", "accountId"])).collect();
    accounts.retain(|account| !own.contains(&account.as_str()) && !trusted.contains(account));
    accounts.sort();
    accounts.dedup();
    if !accounts.is_empty() {
        facts.insert("external_accounts".into(), json!(accounts));
    }
    for (name, holds) in
        [("public", everyone), ("admin_policy", allowed.everything), ("denies_everyone", allowed.denies_everyone)]
    {
        if holds {
            facts.insert(name.into(), json!(true));
        }
    }
    if !allowed.federated.is_empty() {
        facts.insert("federated".into(), json!(allowed.federated));
    }
}
