//! What the parameters of all requests have in common.

use jiff::{SignedDuration, Timestamp};

use crate::problem::BadParameter;

/// What an instant looks like, for complaints.
pub(crate) const INSTANT: &str = "an RFC 3339 instant such as 2026-11-21T10:00:00Z (write the + of an offset as %2B)";

/// Stored instants are whole seconds and sort as text; the bounds must do the same.
pub(crate) fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

pub(crate) fn next_whole_second(at: Timestamp) -> Timestamp {
    let whole = whole_seconds(at);
    if whole < at { whole.checked_add(SignedDuration::from_secs(1)).unwrap_or(whole) } else { whole }
}

/// Takes parameters by name and remembers what cannot be used.
pub(crate) struct Reader<'a> {
    pairs: &'a [(String, String)],
    names: &'a [&'a str],
    pub(crate) problems: Vec<BadParameter>,
}

impl<'a> Reader<'a> {
    /// Refuses at once what is none of `names`.
    pub(crate) fn new(pairs: &'a [(String, String)], names: &'a [&'a str]) -> Self {
        let mut reader = Self { pairs, names, problems: Vec::new() };
        reader.refuse_unknown();
        reader
    }

    pub(crate) fn read<T>(&mut self, name: &str, allowed: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let mut values = self.pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let value = values.next()?;
        let problem = if values.next().is_some() {
            "is given more than once".to_owned()
        } else if value.is_empty() {
            "is empty".to_owned()
        } else {
            match parse(value) {
                Some(value) => return Some(value),
                None => format!("cannot be {:?}", shortened(value)),
            }
        };
        self.problems.push(BadParameter { parameter: name.to_owned(), problem, allowed: allowed.to_owned() });
        None
    }

    /// A misspelt filter must not silently widen the list.
    fn refuse_unknown(&mut self) {
        for (name, _) in self.pairs.iter().filter(|(name, _)| !self.names.contains(&name.as_str())) {
            self.problems.push(BadParameter {
                parameter: shortened(name),
                problem: "is not a parameter of this request".to_owned(),
                allowed: self.names.join(", "),
            });
        }
    }
}

fn shortened(text: &str) -> String {
    const CHARS: usize = 60;
    if text.chars().count() <= CHARS { text.to_owned() } else { text.chars().take(CHARS).chain(['…']).collect() }
}
