//! One condition on one label, in Alertmanager's notation: `severity="critical"`, `tag:team!~"web|shop"`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use regex_lite::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Labels;

/// How the value is compared.
#[derive(Debug, Clone)]
enum Comparison {
    Equal,
    NotEqual,
    /// The expression has to match the whole value.
    Matches(Regex),
    MatchesNot(Regex),
}

/// A condition on a label. An absent label compares as the empty text.
#[derive(Debug, Clone)]
pub struct Matcher {
    name: String,
    value: String,
    comparison: Comparison,
}

/// Why a text is no matcher.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAMatcher {
    #[error("{0:?} has no operator: write name=value, name!=value, name=~expression or name!~expression")]
    NoOperator(String),
    #[error("{text:?} names no label of an alert: {name:?} is none of {known} and tag:<key>", known = super::labels::NAMES.join(", "))]
    UnknownLabel { text: String, name: String },
    #[error("{0:?} has an opening quote without a closing one")]
    Unquoted(String),
    #[error("{text:?} holds no regular expression that can be used: {problem}")]
    Expression { text: String, problem: String },
}

impl Matcher {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the condition holds.
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.name);
        match &self.comparison {
            Comparison::Equal => value == self.value,
            Comparison::NotEqual => value != self.value,
            Comparison::Matches(expression) => expression.is_match(value),
            Comparison::MatchesNot(expression) => !expression.is_match(value),
        }
    }

    /// Whether it holds for an alert without the label: such a matcher alone would match everything.
    pub fn matches_nothing(&self) -> bool {
        self.matches(&Labels::default())
    }

    fn operator(&self) -> &'static str {
        match self.comparison {
            Comparison::Equal => "=",
            Comparison::NotEqual => "!=",
            Comparison::Matches(_) => "=~",
            Comparison::MatchesNot(_) => "!~",
        }
    }
}

/// Whether all of them hold. No matcher at all matches everything.
pub fn all_match(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels))
}

impl FromStr for Matcher {
    type Err = NotAMatcher;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let at = text.find(['=', '!']).ok_or_else(|| NotAMatcher::NoOperator(text.to_owned()))?;
        let (name, rest) = text.split_at(at);
        let name = name.trim().trim_matches('"');
        let operator = ["=~", "!~", "!=", "="].into_iter().find(|operator| rest.starts_with(operator));
        let operator = operator.ok_or_else(|| NotAMatcher::NoOperator(text.to_owned()))?;
        if !Labels::is_known(name) {
            return Err(NotAMatcher::UnknownLabel { text: text.to_owned(), name: name.to_owned() });
        }
        let value = unquote(rest.get(operator.len()..).unwrap_or_default().trim())
            .ok_or_else(|| NotAMatcher::Unquoted(text.to_owned()))?;
        let anchored = || {
            Regex::new(&format!("^(?s:{value})$"))
                .map_err(|error| NotAMatcher::Expression { text: text.to_owned(), problem: error.to_string() })
        };
        let comparison = match operator {
            "=~" => Comparison::Matches(anchored()?),
            "!~" => Comparison::MatchesNot(anchored()?),
            "!=" => Comparison::NotEqual,
            _ => Comparison::Equal,
        };
        Ok(Self { name: name.to_owned(), value, comparison })
    }
}

/// The value without its quotes and escapes; `None` where a quote stays open or something follows the closing one.
fn unquote(text: &str) -> Option<String> {
    let Some(inside) = text.strip_prefix('"') else {
        return (!text.ends_with('"')).then(|| text.to_owned());
    };
    let (mut value, mut chars) = (String::new(), inside.chars());
    while let Some(c) = chars.next() {
        match c {
            '"' => return chars.next().is_none().then_some(value),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                c @ ('"' | '\\') => value.push(c),
                // A backslash before anything else belongs to a regular expression.
                c => value.extend(['\\', c]),
            },
            c => value.push(c),
        }
    }
    None
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        write!(f, "{}{}\"{value}\"", self.name, self.operator())
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.operator(), &self.value) == (&other.name, other.operator(), &other.value)
    }
}

impl Eq for Matcher {}

impl Serialize for Matcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Matcher {
    fn schema_name() -> Cow<'static, str> {
        "Matcher".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "(=|!=|=~|!~)",
            "description": "A condition on a label: name=\"value\", !=, =~ (a regular expression that matches the whole value) or !~.",
        })
    }
}
