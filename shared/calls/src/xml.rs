//! AWS's XML as a tree of names and texts.

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};

/// One element: what is in it, or its text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The text of the child `name`; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.as_str())
    }

    /// What is in the list `name`.
    pub fn members(&self, name: &str) -> &[Element] {
        self.child(name).map_or(&[], |list| list.children.as_slice())
    }

    /// The children `name`, where a list has no element of its own.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Reads a document. What is inside is wanted of the elements named in `containers`, of all others the text.
pub(crate) fn parse(text: &str, containers: &[&str]) -> Result<Element, XmlDecodeError> {
    let mut document = Document::new(text);
    Ok(read(document.root_element()?, containers))
}

fn read(mut decoder: ScopedDecoder<'_, '_>, containers: &[&str]) -> Element {
    let name = decoder.start_el().local().to_owned();
    if !containers.contains(&name.as_str()) {
        let text = try_data(&mut decoder).unwrap_or_default().into_owned();
        return Element { name, text, children: Vec::new() };
    }
    let mut children = Vec::new();
    while let Some(tag) = decoder.next_tag() {
        children.push(read(tag, containers));
    }
    Element { name, text: String::new(), children }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_texts_and_lists_are_read_and_what_is_not_wanted_does_no_harm() {
        let text = r#"<?xml version="1.0"?><AutoScalingGroups xmlns="x"><member><A>1 &amp; 2</A>
            <LaunchTemplate><Version>3</Version></LaunchTemplate><Tags><member><Key>k</Key><Value/></member></Tags>
            <B>last</B></member></AutoScalingGroups>"#;
        let containers = ["AutoScalingGroups", "member", "Tags"];
        let root = parse(text, &containers).unwrap();
        let group = &root.children[0];
        assert_eq!((group.text("A"), group.text("B"), group.text("C")), ("1 & 2", "last", ""));
        assert_eq!(group.members("Tags")[0].text("Key"), "k");
        assert!(parse("no XML", &[]).is_err());
    }
}
