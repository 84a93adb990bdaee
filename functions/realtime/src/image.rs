//! An item as a stream writes it down: `{"S": "text"}`.

use nightjar_domain::incident::Incident;
use serde_json::{Map, Value};

/// The incident in an image; its further attributes, such as the keys of the indexes, are left aside.
pub fn incident(image: &Value) -> Result<Incident, String> {
    let plain = plain_map(image).ok_or("it is no item")?;
    serde_json::from_value(Value::Object(plain)).map_err(|error| error.to_string())
}

/// The text at `name` in a key.
pub fn text<'a>(key: &'a Value, name: &str) -> Option<&'a str> {
    key.get(name)?.get("S")?.as_str()
}

fn plain_map(image: &Value) -> Option<Map<String, Value>> {
    image.as_object()?.iter().map(|(name, value)| Some((name.clone(), plain(value)?))).collect()
}

fn plain(value: &Value) -> Option<Value> {
    let (kind, value) = value.as_object()?.iter().next()?;
    match kind.as_str() {
        "S" | "BOOL" | "SS" => Some(value.clone()),
        // A number is a text that JSON reads as one.
        "N" => serde_json::from_str(value.as_str()?).ok(),
        "NULL" => Some(Value::Null),
        "M" => plain_map(value).map(Value::Object),
        "L" => value.as_array()?.iter().map(plain).collect::<Option<Vec<_>>>().map(Value::Array),
        _ => None,
    }
}
