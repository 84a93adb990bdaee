//! How far the trouble reaches: this resource, its group, or everything that is watched.

use serde::{Deserialize, Serialize};

/// Which resources show the same trouble at the same time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "reach", rename_all = "snake_case")]
pub enum BlastRadius {
    /// Nothing to compare with was read.
    #[default]
    Unknown,
    /// The resource alone: `of` siblings go on as usual.
    Alone { of: usize },
    /// `moved` of the group's `of` other members too.
    Group { name: String, moved: usize, of: usize },
    /// More than one group: `moved` of all `of` other watched resources.
    Everything { moved: usize, of: usize },
}

/// One other resource, and whether its same metric moved the same way at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sibling {
    pub resource: String,
    /// The group it shares with the resource; `None` where it shares none.
    pub group: Option<String>,
    pub moved: bool,
}

impl BlastRadius {
    /// Judges from the siblings that could be read.
    pub fn of(siblings: &[Sibling]) -> Self {
        let moved = siblings.iter().filter(|sibling| sibling.moved).count();
        if siblings.is_empty() {
            return Self::Unknown;
        }
        if moved == 0 {
            return Self::Alone { of: siblings.len() };
        }
        let strangers: Vec<_> = siblings.iter().filter(|sibling| sibling.group.is_none()).collect();
        let strangers_moved = strangers.iter().filter(|sibling| sibling.moved).count();
        let group = siblings.iter().find_map(|sibling| sibling.group.clone());
        match group {
            Some(name) if strangers_moved == 0 || strangers_moved * 2 < strangers.len() => {
                let members = siblings.iter().filter(|sibling| sibling.group.is_some());
                let moved = members.clone().filter(|sibling| sibling.moved).count();
                if moved == 0 {
                    Self::Alone { of: siblings.len() }
                } else {
                    Self::Group { name, moved, of: members.count() }
                }
            }
            _ if moved * 2 >= siblings.len() => Self::Everything { moved, of: siblings.len() },
            _ => Self::Alone { of: siblings.len() },
        }
    }

    /// Whether others are hit too.
    pub fn is_wide(&self) -> bool {
        matches!(self, Self::Group { .. } | Self::Everything { .. })
    }

    /// As people say it.
    pub fn text(&self) -> String {
        match self {
            Self::Unknown => "unknown: no other resource to compare with".to_owned(),
            Self::Alone { of: 1 } => "this resource alone; the other one is as usual".to_owned(),
            Self::Alone { of } => format!("this resource alone; {of} others are as usual"),
            Self::Group { name, moved, of } => format!("{moved} of {of} others in {name} too"),
            Self::Everything { moved, of } => format!("{moved} of {of} other watched resources too"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn siblings(grouped: &[bool], strangers: &[bool]) -> Vec<Sibling> {
        let sibling = |group: Option<&str>, moved: bool| Sibling {
            resource: "i-1".to_owned(),
            group: group.map(str::to_owned),
            moved,
        };
        let grouped = grouped.iter().map(|&moved| sibling(Some("web"), moved));
        grouped.chain(strangers.iter().map(|&moved| sibling(None, moved))).collect()
    }

    #[rstest::rstest]
    #[case::nothing_read(&[], &[], "unknown: no other resource to compare with")]
    #[case::alone(&[false, false], &[false], "this resource alone; 3 others are as usual")]
    #[case::group(&[true, true], &[false, false], "2 of 2 others in web too")]
    #[case::everything(&[true, true], &[true, true], "4 of 4 other watched resources too")]
    #[case::one_stranger_is_chance(&[false], &[true, false, false, false], "this resource alone; 5 others are as usual")]
    fn tells_how_far(#[case] grouped: &[bool], #[case] strangers: &[bool], #[case] expected: &str) {
        assert_eq!(BlastRadius::of(&siblings(grouped, strangers)).text(), expected);
    }
}
