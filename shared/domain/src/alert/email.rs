//! The notice as an email through SNS: plain text that reads well, never JSON.

use super::Notice;
use super::text::plain;

/// SNS accepts subjects of up to 100 ASCII characters that begin with a letter, digit or punctuation.
const SUBJECT_CHARS: usize = 100;

/// The email's two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// ASCII, at most 100 characters, no line breaks.
    pub subject: String,
    pub body: String,
}

/// Renders the notice.
pub fn email(notice: &Notice) -> Email {
    Email { subject: subject(notice), body: body(notice) }
}

fn subject(notice: &Notice) -> String {
    let text = format!("[{}] {}", notice.severity.as_str().to_uppercase(), notice.title);
    let ascii: String = text.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' }).collect();
    if ascii.len() <= SUBJECT_CHARS {
        return ascii;
    }
    let kept: String = ascii.chars().take(SUBJECT_CHARS - 3).collect();
    format!("{}...", kept.trim_end())
}

fn body(notice: &Notice) -> String {
    let mut lines = vec![notice.title.clone(), String::new(), format!("{}.", notice.summary.trim_end_matches('.'))];
    lines.push(String::new());
    lines.extend(notice.facts.iter().map(|(label, value)| format!("{label:<12}{value}")));
    if !notice.findings.is_empty() {
        lines.push(String::new());
        lines.push("Findings".to_owned());
        lines.extend(notice.findings.iter().map(|finding| format!("  - {finding}")));
    }
    if notice.link.is_some() {
        lines.push(String::new());
        lines.extend(notice.links().iter().map(|(title, link)| format!("{title}: {link}")));
    }
    lines.push(String::new());
    lines.push(format!("Sent by Nightjar at {}.", notice.occurred_at));
    // A log line may hold the escape codes of a terminal.
    plain(&lines.join("\n").replace(|c: char| c.is_control() && c != '\n', " "))
}
