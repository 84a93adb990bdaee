//! A part of a document that may be wrong without hiding what is wrong elsewhere.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The value, or what is wrong with it.
#[derive(Debug, Clone)]
pub struct Lenient<T>(Result<T, String>);

impl<T: FromStr<Err: Display>> Lenient<T> {
    /// What is written as text.
    pub(super) fn parsed(text: &str) -> Self {
        Self(text.parse().map_err(|error: T::Err| error.to_string()))
    }
}

impl<T> Lenient<T> {
    /// The value; what is wrong is noted under `path`.
    pub fn take(self, path: &str, problems: &mut Vec<String>) -> Option<T> {
        self.0.map_err(|problem| problems.push(format!("{path}: {problem}"))).ok()
    }
}

/// What a list holds that can be used; the rest is noted under `path`.
pub(super) fn take_all<T>(list: Vec<Lenient<T>>, path: &str, problems: &mut Vec<String>) -> Vec<T> {
    list.into_iter().enumerate().filter_map(|(index, item)| item.take(&format!("{path}[{index}]"), problems)).collect()
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Ok(Self(serde_json::from_value(value).map_err(|error| error.to_string())))
    }
}

impl<T: JsonSchema> JsonSchema for Lenient<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
