//! Who somebody is and what they may do: a role from what a token of the user pool says. Pure.

mod token;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use token::{KeySet, KeySetError, Refusal, Trust};

/// The resource server whose scopes machine clients are given: `nightjar/viewer` and so on.
const RESOURCE_SERVER: &str = "nightjar";

/// What a caller may do; each includes what the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads everything.
    Viewer,
    /// Also acts on incidents: acknowledges, silences, approves.
    Operator,
    /// Also changes what Nightjar does: thresholds, products, the way back from a stop.
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The name of the user pool's group, too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown role {0:?}: use viewer, operator or admin")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// A proven caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who, for the audit trail.
    pub who: String,
    /// `None` for somebody who signed in and was given nothing.
    pub role: Option<Role>,
}

/// What an access token of the user pool claims, once its signature is proven.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// `access` or `id`.
    pub token_use: Option<String>,
    /// A person's name; machines have none.
    pub username: Option<String>,
    pub client_id: Option<String>,
    pub groups: Vec<String>,
    pub scopes: Vec<String>,
}

impl Claims {
    /// The highest role of a person's groups, or of a machine's scopes. A person's scopes count for nothing: which ones a
    /// sign-in asks for is the client's choice.
    pub fn identity(&self) -> Identity {
        let is_access = self.token_use.as_deref() == Some("access");
        let (who, names): (String, Vec<&str>) = if let Some(name) = &self.username {
            (name.clone(), self.groups.iter().map(String::as_str).collect())
        } else {
            let client = self.client_id.as_deref().unwrap_or("unknown");
            let scopes = self.scopes.iter();
            let names = scopes.filter_map(|scope| scope.strip_prefix(RESOURCE_SERVER)?.strip_prefix('/'));
            (format!("client {client}"), names.collect())
        };
        let role = names.into_iter().filter_map(|name| name.parse().ok()).max();
        Identity { who, role: role.filter(|_| is_access) }
    }
}

/// A list as API Gateway hands a claim on: `[ops admin]`, without quotes.
pub fn claim_list(text: &str) -> Vec<String> {
    let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
    inner
        .split([' ', ','])
        .map(|part| part.trim_matches('"'))
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(username: Option<&str>, groups: &[&str], scopes: &[&str]) -> Claims {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Claims {
            token_use: Some("access".to_owned()),
            username: username.map(str::to_owned),
            client_id: Some("c1".to_owned()),
            groups: owned(groups),
            scopes: owned(scopes),
        }
    }

    #[rstest::rstest]
    #[case::the_highest_group(claims(Some("a"), &["viewer", "admin", "operator"], &[]), Some(Role::Admin))]
    #[case::other_groups_are_nothing(claims(Some("a"), &["ops", "Admin", "administrator"], &[]), None)]
    #[case::no_group(claims(Some("a"), &[], &[]), None)]
    #[case::a_person_has_no_use_for_scopes(claims(Some("a"), &["viewer"], &["nightjar/admin"]), Some(Role::Viewer))]
    #[case::a_machine(claims(None, &[], &["nightjar/operator", "other/admin"]), Some(Role::Operator))]
    #[case::a_machine_has_no_groups(claims(None, &["admin"], &[]), None)]
    #[case::a_scope_of_a_longer_name(claims(None, &[], &["nightjarx/admin", "nightjar/admin/x"]), None)]
    #[case::an_id_token(Claims { token_use: Some("id".to_owned()), ..claims(Some("a"), &["admin"], &[]) }, None)]
    #[case::a_token_of_unknown_use(Claims { token_use: None, ..claims(Some("a"), &["admin"], &[]) }, None)]
    fn roles(#[case] claims: Claims, #[case] role: Option<Role>) {
        assert_eq!(claims.identity().role, role);
    }

    #[test]
    fn people_and_machines_are_told_apart() {
        assert_eq!(claims(Some("ops@example.com"), &[], &[]).identity().who, "ops@example.com");
        assert_eq!(claims(None, &[], &[]).identity().who, "client c1");
    }

    #[rstest::rstest]
    #[case("[ops admin]", &["ops", "admin"])]
    #[case("[ops]", &["ops"])]
    #[case(r#"["ops", "admin"]"#, &["ops", "admin"])]
    #[case("ops", &["ops"])]
    #[case("[]", &[])]
    #[case("", &[])]
    fn lists_in_claims(#[case] text: &str, #[case] names: &[&str]) {
        assert_eq!(claim_list(text), names);
    }

    #[test]
    fn a_role_includes_the_ones_before() {
        assert!(Role::Viewer < Role::Operator && Role::Operator < Role::Admin);
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert_eq!("root".parse::<Role>(), Err(UnknownRole("root".to_owned())));
    }
}
