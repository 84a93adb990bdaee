//! Text from outside inside Markdown: nothing in it is markup, nothing ends the place it stands in.

/// Text on one line, with every character that Markdown or HTML could read as markup escaped.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !escaped.is_empty() {
            escaped.push(' ');
        }
        for c in word.chars() {
            if r"\`*_{}[]<>#|!~".contains(c) {
                escaped.push('\\');
            }
            escaped.push(c);
        }
    }
    escaped
}

/// A block of code, between marks that its content does not have.
pub(super) fn fence(text: &str, language: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0).max(2);
    let marks = "`".repeat(longest + 1);
    let text: String = text.replace("\r\n", "\n").chars().filter(|c| !c.is_control() || "\n\t".contains(*c)).collect();
    format!("{marks}{language}\n{text}\n{marks}")
}

/// Items as a list, or what is said when there is none.
pub(super) fn list(items: &[String], none: &str) -> String {
    match items {
        [] => none.to_owned(),
        items => items.iter().map(|item| format!("- {item}")).collect::<Vec<_>>().join("\n"),
    }
}

/// A table; the cells are escaped already.
pub(super) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let line = |cells: Vec<&str>| format!("| {} |", cells.join(" | "));
    let mut lines = vec![line(head.to_vec()), format!("|{}", "---|".repeat(N))];
    lines.extend(rows.into_iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_is_text_and_lines_do_not_end() {
        assert_eq!(escape("a |b|\n# <img>\u{1b}[2J"), r"a \|b\| \# \<img\> \[2J");
    }

    proptest! {
        #[test]
        fn no_content_ends_its_block(text in "[`a\n]{0,40}") {
            let block = fence(&text, "");
            let marks = block.lines().next().unwrap().to_owned();
            prop_assert_eq!(block.matches(&marks).count(), 2);
        }
    }
}
