//! Placeholders of the catalogue.

use crate::onboarding::FoundResource;

/// The text with the resource's own values; `None` where it has not all of them.
pub(crate) fn fill(template: &str, resource: &FoundResource) -> Option<String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(value(name, resource)?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

fn value<'a>(name: &str, resource: &'a FoundResource) -> Option<&'a str> {
    let reference = &resource.reference;
    let value = match name {
        "id" => Some(&reference.id),
        "arn" => Some(&reference.arn),
        "account" => Some(&reference.account),
        "region" => Some(&reference.region),
        detail => resource.details.get(detail),
    };
    value.map(String::as_str).filter(|value| !value.is_empty())
}
