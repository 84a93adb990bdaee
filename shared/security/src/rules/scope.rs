//! Which correlations look at one principal alone, so that what they remember can lie with that principal.

use std::collections::BTreeSet;

use rsigma_parser::CorrelationRule;

use super::RuleSet;

/// Fields that name the principal or a part of it: two events with the same value have the same principal.
const OF_A_PRINCIPAL: [&str; 6] = [
    "nightjar.actor",
    "nightjar.session",
    "userIdentity.arn",
    "userIdentity.principalId",
    "userIdentity.accessKeyId",
    "userIdentity.sessionContext.sessionIssuer.arn",
];

impl RuleSet {
    /// All rules with the correlations of one principal, and apart from them the correlations over several principals, such
    /// as guessing many users' passwords from one address, with the rules that feed them.
    pub fn split_by_principal(&self) -> (Self, Self) {
        let mut own = self.clone();
        own.correlations.retain(of_a_principal);
        let mut several = self.clone();
        several.correlations.retain(|rule| !of_a_principal(rule));
        let mut needed: BTreeSet<String> = several.correlations.iter().flat_map(|rule| rule.rules.clone()).collect();
        // A correlation may stand on another one, which then is needed too.
        loop {
            let more: Vec<CorrelationRule> = self
                .correlations
                .iter()
                .filter(|rule| is_named(rule.id.as_deref(), rule.name.as_deref(), &needed))
                .filter(|rule| several.correlations.iter().all(|known| known != *rule))
                .cloned()
                .collect();
            if more.is_empty() {
                break;
            }
            needed.extend(more.iter().flat_map(|rule| rule.rules.clone()));
            several.correlations.extend(more);
        }
        several.rules.retain(|rule| is_named(rule.id.as_deref(), rule.name.as_deref(), &needed));
        let ids: BTreeSet<&str> = self
            .correlations
            .iter()
            .filter(|rule| !of_a_principal(rule))
            .filter_map(|rule| rule.id.as_deref())
            .collect();
        // What matches on its own, or within one principal, is told by the other half.
        several.infos.retain(|info| ids.contains(info.id.as_str()));
        several.filters.clear();
        (own, several)
    }

    /// Whether it looks for nothing.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }
}

fn of_a_principal(rule: &CorrelationRule) -> bool {
    rule.group_by.iter().any(|field| OF_A_PRINCIPAL.contains(&field.as_str()))
}

fn is_named(id: Option<&str>, name: Option<&str>, names: &BTreeSet<String>) -> bool {
    [id, name].into_iter().flatten().any(|name| names.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_crosses_principals_stands_apart_with_what_feeds_it() {
        let all = RuleSet::bundled();
        let (own, several) = all.split_by_principal();
        assert_eq!(own.rules.len(), all.rules.len(), "every rule is looked for");
        assert!(!several.is_empty() && several.rules.len() < 10, "few events need what is common");
        for rule in &all.correlations {
            let halves = [&own, &several].map(|half| half.correlations.contains(rule));
            assert_ne!(halves, [false, false], "{} is lost", rule.title);
        }
        assert!(several.infos().iter().all(|info| info.kind == "correlation"));
    }
}
