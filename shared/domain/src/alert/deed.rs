//! What somebody can do about a notification, as links to the page.

use super::Notice;

/// Something to do. A link leads to the page, where somebody who has signed in confirms it: one that acted by itself would be
/// followed by every scanner of messages, and would need no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    Acknowledge,
    /// Hold it back for a while.
    Silence,
    /// Say yes or no to a repair.
    Approve,
}

impl Deed {
    fn title(self) -> &'static str {
        match self {
            Self::Acknowledge => "Acknowledge",
            Self::Silence => "Silence",
            Self::Approve => "Approve or deny",
        }
    }

    /// What the page is asked to begin.
    fn parameter(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Silence => "suppress",
            Self::Approve => "approve",
        }
    }
}

impl Notice {
    /// Titles and addresses: the incident first, then what can be done about it. None without a link.
    pub fn links(&self) -> Vec<(&'static str, String)> {
        let Some(link) = &self.link else { return Vec::new() };
        let deeds = self.deeds.iter().map(|deed| (deed.title(), asking(link, deed.parameter())));
        std::iter::once(("Open the incident", link.clone())).chain(deeds).collect()
    }
}

/// The link with what the page is asked to begin. Pages behind a hash have their parameters there.
fn asking(link: &str, deed: &str) -> String {
    let page = link.rsplit_once('#').map_or(link, |(_, page)| page);
    let joint = if page.contains('?') { '&' } else { '?' };
    format!("{link}{joint}do={deed}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::hash("https://a.example/#/events/inc_1", "https://a.example/#/events/inc_1?do=acknowledge")]
    #[case::path("https://a.example/inc_1", "https://a.example/inc_1?do=acknowledge")]
    #[case::query("https://a.example/?id=inc_1", "https://a.example/?id=inc_1&do=acknowledge")]
    #[case::query_before_the_hash("https://a.example/?a=1#/inc_1", "https://a.example/?a=1#/inc_1?do=acknowledge")]
    fn a_deed_is_asked_for_where_the_page_looks(#[case] link: &str, #[case] expected: &str) {
        assert_eq!(asking(link, Deed::Acknowledge.parameter()), expected);
    }
}
