//! Phrases: how people list words that programs say. Plain text, matched in either case; `*` stands for anything within
//! 80 characters.

/// How much of a line may lie between two parts of a phrase, in bytes.
const GAP: usize = 80;

/// A phrase, prepared for matching.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phrase {
    parts: Vec<String>,
    open_start: bool,
    open_end: bool,
}

impl Phrase {
    /// `None` where nothing is left to look for.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let parts: Vec<String> = text.split('*').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        (!parts.iter().all(|part| part.trim().is_empty())).then(|| Self {
            parts,
            open_start: text.starts_with('*'),
            open_end: text.ends_with('*'),
        })
    }

    /// As a regular expression of Logs Insights, without its slashes.
    pub(crate) fn pattern(&self) -> String {
        let escaped = |part: &String| {
            let plain = |c: char| c.is_alphanumeric() || c == ' ';
            // A slash would end the expression.
            part.chars()
                .map(|c| {
                    if plain(c) {
                        c.to_string()
                    } else if c == '/' {
                        ".".to_owned()
                    } else {
                        format!("\\{c}")
                    }
                })
                .collect::<String>()
        };
        self.parts.iter().map(escaped).collect::<Vec<_>>().join(".*")
    }

    /// Whether `line`, in lower case, contains the phrase. A phrase begins and ends where a word does, unless it begins
    /// or ends with `*`.
    pub(crate) fn is_in(&self, line: &str) -> bool {
        self.places(line).next().is_some()
    }

    /// Where `line`, in lower case, contains the phrase: the bytes of its start and of its end.
    pub(crate) fn places<'l>(&'l self, line: &'l str) -> impl Iterator<Item = (usize, usize)> + 'l {
        let (first, rest) =
            self.parts.split_first().map_or(("", [].as_slice()), |(first, rest)| (first.as_str(), rest));
        let starts = (!first.is_empty()).then(|| line.match_indices(first)).into_iter().flatten();
        starts.filter_map(move |(start, _)| {
            let mut end = start + first.len();
            if !self.open_start && !at_word_edge(line, start) {
                return None;
            }
            for part in rest {
                let reach = floor(line, (end + GAP + part.len()).min(line.len()));
                end += line.get(end..reach)?.find(part.as_str())? + part.len();
            }
            (self.open_end || at_word_edge(line, end)).then_some((start, end))
        })
    }
}

/// The character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

/// Whether no word goes on across `at`.
fn at_word_edge(line: &str, at: usize) -> bool {
    let before = line.get(..at).and_then(|text| text.chars().next_back());
    let after = line.get(at..).and_then(|text| text.chars().next());
    !matches!((before, after), (Some(a), Some(b)) if a.is_alphanumeric() && b.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::whole_words("oom", "the oom came", true)]
    #[case::not_within_a_word("oom", "the room is full", false)]
    #[case::open_end("oom*", "oomkilled", true)]
    #[case::open_start("*exception", "java.lang.fooexception: x", true)]
    #[case::across("pool*exhausted", "pool of 20 is exhausted", true)]
    #[case::not_too_far(
        "pool*exhausted",
        "pool aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa exhausted",
        false
    )]
    #[case::brackets("[preauth]", "closed [preauth]", true)]
    #[case::a_second_place_counts("oom", "room oom", true)]
    fn finds(#[case] phrase: &str, #[case] line: &str, #[case] expected: bool) {
        assert_eq!(Phrase::new(phrase).unwrap().is_in(line), expected);
    }

    #[test]
    fn nothing_is_no_phrase() {
        assert_eq!((Phrase::new(" "), Phrase::new("*")), (None, None));
    }

    proptest::proptest! {
        #[test]
        fn any_line_can_be_searched(phrase in "[a-zß *]{1,12}", line in "\\PC{0,200}") {
            if let Some(phrase) = Phrase::new(&phrase) {
                let _ = phrase.is_in(&line.to_lowercase());
            }
        }
    }
}
