//! AWS's XML as a tree of names and texts.

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};

/// The elements of which what is inside is wanted; of all others the text.
const CONTAINERS: [&str; 13] = [
    "DescribeAutoScalingGroupsResponse",
    "DescribeAutoScalingGroupsResult",
    "AutoScalingGroups",
    "Instances",
    "Tags",
    "SuspendedProcesses",
    "GetUserResponse",
    "GetUserResult",
    "User",
    "ListAccessKeysResponse",
    "ListAccessKeysResult",
    "AccessKeyMetadata",
    "member",
];

/// One element: what is in it, or its text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The text of the child `name`; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.as_str())
    }

    /// What is in the list `name`.
    pub(crate) fn members(&self, name: &str) -> &[Element] {
        self.child(name).map_or(&[], |list| list.children.as_slice())
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Reads a document.
pub(crate) fn parse(text: &str) -> Result<Element, XmlDecodeError> {
    let mut document = Document::new(text);
    Ok(read(document.root_element()?))
}

fn read(mut decoder: ScopedDecoder<'_, '_>) -> Element {
    let name = decoder.start_el().local().to_owned();
    if !CONTAINERS.contains(&name.as_str()) {
        let text = try_data(&mut decoder).unwrap_or_default().into_owned();
        return Element { name, text, children: Vec::new() };
    }
    let mut children = Vec::new();
    while let Some(tag) = decoder.next_tag() {
        children.push(read(tag));
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
        let root = parse(text).unwrap();
        let group = &root.children[0];
        assert_eq!((group.text("A"), group.text("B"), group.text("C")), ("1 & 2", "last", ""));
        assert_eq!(group.members("Tags")[0].text("Key"), "k");
        assert!(parse("no XML").is_err());
    }
}
