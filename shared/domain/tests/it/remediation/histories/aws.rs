//! Instances, a group and a user, as far as steps change them. Every call checks what must hold whoever makes it.

use std::collections::BTreeMap;

use nightjar_domain::remediation::{
    AccessKey, Action, GROUP_TAG, GroupState, InstanceState, Member, Remembered, UserState, Way,
};

use super::Dice;

pub(super) const OPT_IN: &str = "opt";
pub(super) const PROTECTED: &str = "never";
pub(super) const QUARANTINE: &str = "sg-quarantine";
pub(super) const KEY: &str = "AKIAEVE";
/// Instances 0 and 1 are members of the group; 4 did not opt in, 5 is protected.
pub(super) const INSTANCES: usize = 6;
const WORDS: &str = "reboot isolate ssm_document asg_replace scale_out";

pub(super) struct Aws {
    pub(super) instances: Vec<Option<InstanceState>>,
    pub(super) group: GroupState,
    pub(super) user: UserState,
    /// Commands that were sent, by their comment.
    pub(super) commands: BTreeMap<String, usize>,
    pub(super) snapshots: BTreeMap<usize, u32>,
}

fn member(instance: String) -> Member {
    Member { instance, lifecycle: "InService".to_owned(), is_healthy: true }
}

impl Aws {
    pub(super) fn new(dice: &mut Dice) -> Self {
        let instances = (0..INSTANCES).map(|n| {
            let mut tags = BTreeMap::from([("product".to_owned(), "shop".to_owned())]);
            tags.insert("role".to_owned(), if n < 2 { "member" } else { "single" }.to_owned());
            if n != 4 {
                tags.insert(OPT_IN.to_owned(), WORDS.to_owned());
            }
            if n == 5 {
                tags.insert(PROTECTED.to_owned(), String::new());
            }
            if n < 2 {
                tags.insert(GROUP_TAG.to_owned(), "web".to_owned());
            }
            Some(InstanceState {
                state: "running".to_owned(),
                tags,
                volumes: vec!["vol".to_owned()],
                security_groups: vec!["sg-own".to_owned()],
                network_interfaces: 1,
                is_managed: true,
                ..InstanceState::default()
            })
        });
        let mut group = GroupState {
            name: "web".to_owned(),
            tags: [(OPT_IN.to_owned(), WORDS.to_owned())].into(),
            min: 1,
            max: 5,
            desired: 3,
            members: ["i-0", "i-1", "i-g"].map(|id| member(id.to_owned())).into(),
            suspended: Vec::new(),
        };
        let mut user = UserState {
            name: "eve".to_owned(),
            tags: [(OPT_IN.to_owned(), "disable_access_key".to_owned())].into(),
            keys: vec![AccessKey { id: KEY.to_owned(), is_active: true }],
            named: vec![KEY.to_owned()],
            own: Some("ASIAENGINE".to_owned()),
        };
        for tags in [&mut group.tags, &mut user.tags] {
            match dice.roll(8) {
                0 => drop(tags.remove(OPT_IN)),
                1 => drop(tags.insert(PROTECTED.to_owned(), String::new())),
                _ => {}
            }
        }
        Self { instances: instances.collect(), group, user, commands: BTreeMap::new(), snapshots: BTreeMap::new() }
    }

    /// What a step does, called once. `n` is the instance; `remembered` what the claim holds from before.
    pub(super) fn call(&mut self, action: Action, n: usize, comment: String, remembered: Option<&Remembered>) {
        let permits = |tags: &BTreeMap<String, String>, word: &str| {
            !tags.contains_key(PROTECTED)
                && tags.get(OPT_IN).is_some_and(|words| words.split(' ').any(|known| known == word))
        };
        if action.is_on_user() {
            assert!(permits(&self.user.tags, "disable_access_key"), "a user without consent, or protected");
        } else {
            assert!(n < 4, "an instance without consent, or protected, was touched");
        }
        if action.is_on_group() {
            assert!(permits(&self.group.tags, action.as_str()), "a group without consent, or protected, was changed");
        }
        match (action, remembered) {
            (Action::SnapshotFirst, _) => *self.snapshots.entry(n).or_default() += 1,
            (Action::Isolate, Some(Remembered::SecurityGroups { .. })) => {
                assert!(n >= 2, "a member of a group was isolated");
                if let Some(instance) = &mut self.instances[n] {
                    instance.security_groups = vec![QUARANTINE.to_owned()];
                }
            }
            (Action::SsmDocument, _) => {
                assert_eq!(self.commands.insert(comment, n), None, "a command was sent twice");
            }
            (Action::AsgReplace, _) => {
                let id = format!("i-{n}");
                self.group.members.retain(|member| member.instance != id);
                self.instances[n] = None;
            }
            (Action::ScaleOut, Some(Remembered::Capacity { desired, .. })) => self.group.desired = desired + 1,
            (Action::DisableAccessKey, Some(Remembered::AccessKeys { keys, .. })) => self.switch(keys, false),
            (Action::Reboot, _) => {}
            (action, remembered) => panic!("{action} with {remembered:?}"),
        }
    }

    /// Whether it shows that a step was carried out; `None` where it never shows.
    pub(super) fn shows(&self, action: Action, n: usize, comment: &str, remembered: Option<&Remembered>) -> bool {
        match (action, remembered) {
            (Action::SnapshotFirst, _) => self.snapshots.contains_key(&n),
            (Action::Isolate, _) => {
                self.instances[n].as_ref().is_some_and(|instance| instance.security_groups == [QUARANTINE])
            }
            (Action::SsmDocument, _) => self.commands.contains_key(comment),
            (Action::AsgReplace, _) => self.instances[n].is_none(),
            (Action::ScaleOut, Some(Remembered::Capacity { desired, .. })) => self.group.desired > *desired,
            (Action::DisableAccessKey, Some(Remembered::AccessKeys { keys, .. })) => self.user.are_inactive(keys),
            _ => false,
        }
    }

    pub(super) fn take_back(&mut self, way: &Way, n: usize) {
        match way {
            Way::Nothing => {}
            Way::SecurityGroups(groups) => {
                if let Some(instance) = &mut self.instances[n] {
                    instance.security_groups.clone_from(groups);
                }
            }
            Way::Capacity { desired, .. } => self.group.desired = *desired,
            Way::AccessKeys { keys, .. } => self.switch(keys, true),
        }
    }

    fn switch(&mut self, keys: &[String], active: bool) {
        for key in self.user.keys.iter_mut().filter(|key| keys.contains(&key.id)) {
            key.is_active = active;
        }
    }

    /// The group launches what it lacks, and terminates what is too much; never the instances that incidents are about.
    pub(super) fn settle_group(&mut self, time: i64) {
        while (self.group.members.len() as u32) < self.group.desired {
            self.group.members.push(member(format!("i-new-{time}-{}", self.group.members.len())));
        }
        while self.group.members.len() as u32 > self.group.desired {
            self.group.members.pop();
        }
    }

    /// Somebody else changes something.
    pub(super) fn meddle(&mut self, dice: &mut Dice) {
        match dice.roll(4) {
            0 => {
                let n = 2 + dice.roll(2) as usize;
                if let Some(instance) = &mut self.instances[n] {
                    let groups = ["sg-own", "sg-other", QUARANTINE];
                    instance.security_groups = vec![groups[dice.roll(3) as usize].to_owned()];
                }
            }
            1 => self.group.desired = 2 + dice.roll(4) as u32,
            2 => self.user.keys[0].is_active = !dice.once_in(3),
            _ => {
                let n = dice.roll(4) as usize;
                if let Some(instance) = &mut self.instances[n] {
                    instance.is_managed = !instance.is_managed;
                }
            }
        }
    }
}
