//! Texts of strangers, made harmless.

/// Without what a reader cannot see but is misled by: control characters and marks that turn the direction of writing.
/// Line breaks stay.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !(c.is_control() || turns(*c))).collect()
}

fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// At most `limit` characters, saying so where something was cut.
pub(super) fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit.saturating_sub(1)).chain(['…']).collect()
}
