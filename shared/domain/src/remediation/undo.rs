//! The way back from a step: to what was before, and only where things still are as the step left them.

use super::{FleetState, Remembered, Step};

/// What to set where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// It is as before already.
    Nothing,
    /// The instance's security groups, and no others.
    SecurityGroups(Vec<String>),
    Capacity {
        group: String,
        desired: u32,
    },
    /// These keys become active.
    AccessKeys {
        user: String,
        keys: Vec<String>,
    },
}

/// What would take `step` back, which remembered how it was. `now` holds what the memory is about: the instance, the group
/// or the user; the error says why it stays as it is.
pub fn way_back(
    remembered: &Remembered,
    step: Option<&Step>,
    now: &FleetState,
    protected_tag: &str,
) -> Result<Way, String> {
    let protected = |what: &str| format!("the {what} is protected by the tag {protected_tag}");
    match remembered {
        Remembered::SecurityGroups { groups } => {
            let instance = now.instance.as_ref().ok_or("the instance no longer exists")?;
            if instance.tags.contains_key(protected_tag) {
                return Err(protected("instance"));
            }
            let quarantine = step.and_then(|step| step.security_group.as_ref());
            let found = &instance.security_groups;
            if found == groups {
                Ok(Way::Nothing)
            } else if found.iter().eq(quarantine) {
                Ok(Way::SecurityGroups(groups.clone()))
            } else {
                Err(format!("somebody changed its security groups since: they are {}", found.join(", ")))
            }
        }
        Remembered::Capacity { group, desired } => {
            let found = now.group.as_ref().ok_or_else(|| format!("the group {group} no longer exists"))?;
            if found.tags.contains_key(protected_tag) {
                return Err(protected("group"));
            }
            match found.desired {
                now if now == *desired => Ok(Way::Nothing),
                now if now == desired + 1 => Ok(Way::Capacity { group: group.clone(), desired: *desired }),
                now => Err(format!("somebody changed the capacity of {group} since: it is {now}")),
            }
        }
        Remembered::AccessKeys { user, keys } => {
            let found = now.user.as_ref().ok_or_else(|| format!("the user {user} no longer exists"))?;
            if found.tags.contains_key(protected_tag) {
                return Err(protected("user"));
            }
            if let Some(gone) = keys.iter().find(|id| found.keys.iter().all(|key| key.id != **id)) {
                return Err(format!("the key {gone} was deleted since"));
            }
            let inactive = found.keys.iter().filter(|key| !key.is_active && keys.contains(&key.id));
            let inactive: Vec<String> = inactive.map(|key| key.id.clone()).collect();
            Ok(if inactive.is_empty() { Way::Nothing } else { Way::AccessKeys { user: user.clone(), keys: inactive } })
        }
        Remembered::Command { .. } => Err("a document cannot be taken back".to_owned()),
    }
}
