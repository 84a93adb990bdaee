//! Typed identifiers. All of them are derived from content, so that a redelivered message names the same thing.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How many hexadecimal digits of the SHA-256 an identifier keeps: 80 bits, so that a collision among 10⁹
/// identifiers has a chance below 10⁻⁶.
const DIGITS: usize = 20;

/// Derives `<prefix>_<hex>` from `parts`. Parts are length-prefixed: `["ab", "c"]` and `["a", "bc"]` differ.
fn derive(prefix: &str, parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hex::encode(hasher.finalize());
    format!("{prefix}_{}", digest.get(..DIGITS).unwrap_or(&digest))
}

macro_rules! content_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
            utoipa::ToSchema,
        )]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Derives the identifier from its content.
            pub fn derive(parts: &[&str]) -> Self {
                Self(derive($prefix, parts))
            }

            /// Takes an identifier that was derived earlier, as stored or received.
            pub fn from_existing(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Reads an identifier as somebody typed it; `None` for a text that [`Self::derive`] never returns.
            pub fn parse(text: &str) -> Option<Self> {
                let digits = text.strip_prefix($prefix)?.strip_prefix('_')?;
                let derived = digits.len() == DIGITS && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                derived.then(|| Self(text.to_owned()))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

content_id!(
    /// One anomaly: a series, and the end of the datapoint's period.
    AnomalyId, "anm"
);
content_id!(
    /// One incident: the anomaly that opened it.
    IncidentId, "inc"
);
content_id!(
    /// One kind of trouble: a resource and a metric of it.
    Fingerprint, "fpr"
);
content_id!(
    /// One notification: a notice and the channel it goes out on.
    NotificationId, "ntf"
);
content_id!(
    /// One group of alerts: a route, a channel, and the labels that its alerts have in common.
    GroupId, "grp"
);
content_id!(
    /// One silence: what it mutes, who set it, why and for how long.
    SilenceId, "sil"
);
content_id!(
    /// One fact of the audit trail: what happened, to what, because of what.
    FactId, "fct"
);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_same_content_gives_the_same_id(parts in proptest::collection::vec(".{0,12}", 0..5)) {
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            prop_assert_eq!(AnomalyId::derive(&parts), AnomalyId::derive(&parts));
        }

        #[test]
        fn moving_a_boundary_changes_the_id(a in "[a-z]{1,8}", b in "[a-z]{1,8}") {
            let joined = format!("{a}{b}");
            prop_assert_ne!(AnomalyId::derive(&[&a, &b]), AnomalyId::derive(&[&joined, ""]));
        }
    }

    #[test]
    fn only_what_could_have_been_derived_is_read() {
        let id = IncidentId::derive(&["x"]);
        assert_eq!(IncidentId::parse(id.as_str()), Some(id.clone()));
        for other in ["", "inc_", "inc_1", &id.as_str().to_uppercase(), &id.as_str().replace("inc", "anm")] {
            assert_eq!(IncidentId::parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_prefix_tells_the_kind() {
        assert!(IncidentId::derive(&["x"]).as_str().starts_with("inc_"));
        assert_eq!(IncidentId::derive(&["x"]).as_str().len(), "inc_".len() + DIGITS);
    }
}
