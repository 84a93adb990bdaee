//! What an IAM or resource policy lets in.

use serde_json::Value;

/// Policies looked at per event.
const MAX_POLICIES: usize = 8;
/// How deep a request is searched for policies.
const MAX_DEPTH: usize = 12;
/// Longest text that is tried as a policy; IAM's own limit is 10,240 characters, S3's 20 KB.
const MAX_TEXT: usize = 256 << 10;

/// What the policies in one request allow.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// Twelve-digit account ids and whole ARNs of AWS principals.
    pub(crate) accounts: Vec<String>,
    /// `AWS: "*"` or `Principal: "*"`, not narrowed by a condition.
    pub(crate) everyone: bool,
    /// Identity or web providers.
    pub(crate) federated: Vec<String>,
    /// `Action: *` on `Resource: *`, without a condition.
    pub(crate) everything: bool,
    /// `Principal: "*"` with a `Deny`: locks out everyone.
    pub(crate) denies_everyone: bool,
}

/// Finds every policy in a request, as an object or as JSON text, and reads it.
pub(crate) fn allowed(request: &Value) -> Allowed {
    let mut allowed = Allowed::default();
    let mut left = MAX_POLICIES;
    search(request, MAX_DEPTH, &mut left, &mut allowed);
    allowed.accounts.sort();
    allowed.accounts.dedup();
    allowed
}

fn search(value: &Value, depth: usize, left: &mut usize, allowed: &mut Allowed) {
    if depth == 0 || *left == 0 {
        return;
    }
    match value {
        Value::Object(map) => {
            if let Some(statement) = map.get("Statement") {
                *left -= 1;
                statements(statement, allowed);
            } else {
                map.values().for_each(|value| search(value, depth - 1, left, allowed));
            }
        }
        Value::Array(list) => list.iter().for_each(|value| search(value, depth - 1, left, allowed)),
        Value::String(text) if text.len() <= MAX_TEXT && text.contains("Statement") => {
            let parsed = if text.trim_start().starts_with('{') {
                serde_json::from_str::<Value>(text).ok()
            } else {
                text.starts_with("%7B").then(|| percent_decoded(text)).and_then(|text| serde_json::from_str(&text).ok())
            };
            if let Some(policy) = parsed {
                search(&policy, depth - 1, left, allowed);
            }
        }
        _ => {}
    }
}

/// IAM's read calls return policies percent-encoded.
fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut rest = bytes.clone();
        let hex = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match (byte, hex(rest.next()), hex(rest.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                bytes = rest;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn statements(value: &Value, allowed: &mut Allowed) {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        other => std::slice::from_ref(other),
    };
    for statement in list {
        let narrowed = statement.get("Condition").and_then(Value::as_object).is_some_and(|map| !map.is_empty());
        let principals = statement.get("Principal").map(aws_principals).unwrap_or_default();
        let star = principals.contains(&"*");
        match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => {
                allowed.everyone |= (star && !narrowed) || statement.get("NotPrincipal").is_some();
                allowed.everything |=
                    !narrowed && has_star(statement.get("Action")) && has_star(statement.get("Resource"));
                allowed.accounts.extend(principals.into_iter().filter_map(account));
                let federated = statement.get("Principal").and_then(|principal| principal.get("Federated"));
                allowed.federated.extend(federated.map(texts).unwrap_or_default().into_iter().map(str::to_owned));
            }
            Some("Deny") => allowed.denies_everyone |= star && !narrowed,
            _ => {}
        }
    }
}

fn aws_principals(principal: &Value) -> Vec<&str> {
    match principal {
        Value::String(text) => vec![text],
        Value::Object(map) => map.get("AWS").map(texts).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn has_star(value: Option<&Value>) -> bool {
    value.map(texts).unwrap_or_default().iter().any(|text| matches!(*text, "*" | "*:*"))
}

/// A text, or the texts of a list.
pub(crate) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The account of `123456789012` or of an ARN.
pub(crate) fn account(principal: &str) -> Option<String> {
    let candidate = if principal.starts_with("arn:") { principal.split(':').nth(4)? } else { principal };
    (candidate.len() == 12 && candidate.bytes().all(|byte| byte.is_ascii_digit())).then(|| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(statement: &Value) -> Allowed {
        let as_object = allowed(&json!({"bucketPolicy": {"Version": "2012-10-17", "Statement": statement}}));
        let as_text = allowed(&json!({"policyDocument": json!({"Statement": statement}).to_string()}));
        assert_eq!(as_object, as_text);
        as_object
    }

    #[rstest::rstest]
    #[case::root(json!({"AWS": "arn:aws:iam::111122223333:root"}), &["111122223333"])]
    #[case::number(json!({"AWS": ["111122223333", "arn:aws-cn:iam::444455556666:user/x"]}), &["111122223333", "444455556666"])]
    #[case::service(json!({"Service": "ec2.amazonaws.com"}), &[])]
    #[case::deleted_principal(json!({"AWS": "AIDAEXAMPLE"}), &[])]
    fn accounts_are_found(#[case] principal: Value, #[case] accounts: &[&str]) {
        assert_eq!(
            read(&json!([{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}])).accounts,
            accounts
        );
    }

    #[rstest::rstest]
    #[case::star(json!({"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}), true)]
    #[case::aws_star(json!({"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "s3:GetObject"}), true)]
    #[case::narrowed(json!({"Effect": "Allow", "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}), false)]
    #[case::everyone_but(json!({"Effect": "Allow", "NotPrincipal": {"AWS": "111122223333"}}), true)]
    #[case::denied(json!({"Effect": "Deny", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}), false)]
    fn everyone_is_found(#[case] statement: Value, #[case] everyone: bool) {
        assert_eq!(read(&statement).everyone, everyone);
    }

    #[test]
    fn everything_is_found() {
        assert!(read(&json!({"Effect": "Allow", "Action": ["*"], "Resource": "*"})).everything);
        assert!(!read(&json!({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})).everything);
        assert!(!read(&json!({"Effect": "Deny", "Action": "*", "Resource": "*"})).everything);
    }

    #[test]
    fn percent_encoded_policies_are_read() {
        let text = "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%22%2A%22%7D%7D";
        assert!(allowed(&json!({"policy": text})).everyone);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in ".{0,200}") {
            let _ = allowed(&json!({"policy": format!("%7B{text}Statement"), "other": format!("{{{text}Statement")}));
            let _ = account(&text);
        }
    }
}
