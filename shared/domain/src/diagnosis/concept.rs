//! Concepts: what a line is about in words that nobody listed. It names one thing of a group and says one thing of another about
//! it, in whatever order, near each other.

use super::phrase::Phrase;

/// Bytes that may lie between what is named and what is said of it.
const NEAR: usize = 60;

/// Groups of phrases, prepared for matching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Concept {
    about: Vec<Phrase>,
    /// One of each must stand near.
    others: Vec<Vec<Phrase>>,
}

impl Concept {
    /// `Err` with the phrase that would match everything, or with the name of the group that is empty.
    pub(crate) fn new(about: &[String], says: &[String], with: Option<&[String]>) -> Result<Self, String> {
        let mut others = vec![group("says", says)?];
        if let Some(with) = with {
            others.push(group("with", with)?);
        }
        Ok(Self { about: group("about", about)?, others })
    }

    /// Whether `line`, in lower case, is about it.
    pub(crate) fn is_in(&self, line: &str) -> bool {
        let of = |group: &[Phrase], named: (usize, usize)| {
            group.iter().any(|phrase| phrase.places(line).any(|said| is_near(named, said)))
        };
        let mut named = self.about.iter().flat_map(|phrase| phrase.places(line));
        named.any(|named| self.others.iter().all(|group| of(group, named)))
    }
}

fn group(name: &str, texts: &[String]) -> Result<Vec<Phrase>, String> {
    if texts.is_empty() {
        return Err(format!("{name} of a concept is empty"));
    }
    let phrase = |text: &String| Phrase::new(text).ok_or_else(|| format!("the phrase {text:?} would match every line"));
    texts.iter().map(phrase).collect()
}

/// Beside each other, not one within the other.
fn is_near(one: (usize, usize), other: (usize, usize)) -> bool {
    let between = if one.1 <= other.0 { other.0 - one.1 } else { one.0.checked_sub(other.1).unwrap_or(usize::MAX) };
    between <= NEAR
}

#[cfg(test)]
mod tests {
    use super::*;

    fn concept() -> Concept {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        Concept::new(&words("heap memory limit"), &words("full exhaust* limit"), None).unwrap()
    }

    #[rstest::rstest]
    #[case::in_order("the heap is full", true)]
    #[case::the_other_way_round("exhausted: all memory", true)]
    #[case::only_named("the heap is fine", false)]
    #[case::only_said("the basket is full", false)]
    #[case::a_word_says_nothing_of_itself("limit", false)]
    #[case::two_of_the_same_word("limit of the limit", true)]
    #[case::not_within_a_word("cheap and full", false)]
    #[case::too_far(
        "memory aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa full",
        false
    )]
    fn is_about(#[case] line: &str, #[case] expected: bool) {
        assert_eq!(concept().is_in(line), expected);
    }

    #[test]
    fn all_three_must_be_near() {
        let words = |text: &str| vec![text.to_owned()];
        let concept = Concept::new(&words("password"), &words("wrong"), Some(&words("from"))).unwrap();
        assert!(concept.is_in("wrong password from 192.0.2.1") && !concept.is_in("wrong password"));
    }

    #[test]
    fn nothing_is_no_concept() {
        assert!(Concept::new(&[], &["x".to_owned()], None).unwrap_err().contains("about"));
        assert!(Concept::new(&["*".to_owned()], &["x".to_owned()], None).unwrap_err().contains("every line"));
    }

    proptest::proptest! {
        #[test]
        fn any_line_can_be_searched(line in "\\PC{0,200}") {
            let _ = concept().is_in(&line.to_lowercase());
        }
    }
}
