//! One event: its time, its level, and the message that tells what kind it is.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::header::HeaderModel;
use crate::level::Level;
use crate::timestamp;

/// A longer event is not read as JSON.
const MAX_JSON_BYTES: usize = 256 * 1024;
/// How deep fields of JSON are looked into, and how many.
const MAX_DEPTH: usize = 3;
const MAX_FIELDS: usize = 40;

/// What an event says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<'a> {
    /// Seconds since 1970; see [`HeaderModel`] for what is assumed where a part is not written.
    pub seconds: Option<f64>,
    pub level: Option<Level>,
    /// What was logged, in one line: without header, with the error's type and the top of its stack where there is one.
    pub message: Cow<'a, str>,
    /// The type of the error, such as `java.net.ConnectException`, where one is named in a field or a stack trace.
    pub error_type: Option<String>,
    /// The frame that failed, such as `at com.example.Pool.get(Pool.java)`.
    pub stack_top: Option<String>,
}

impl<'a> Record<'a> {
    /// Reads one event, which may have many lines. JSON is understood; everything else has perhaps a header, then a message.
    pub fn parse(text: &'a str, headers: &HeaderModel) -> Self {
        let trimmed = text.trim();
        if let Some(record) = json(trimmed) {
            return record;
        }
        let header = headers.split(trimmed);
        let body = trimmed.get(header.message_at..).unwrap_or_default();
        if body.starts_with('{')
            && let Some(record) = json(body)
        {
            return Self { seconds: record.seconds.or(header.seconds), level: record.level.or(header.level), ..record };
        }
        let Some((first, rest)) = body.split_once('\n') else {
            return Self {
                seconds: header.seconds,
                level: header.level,
                message: Cow::Borrowed(body),
                error_type: None,
                stack_top: None,
            };
        };
        let trace = Trace::read(first, rest);
        Self {
            seconds: header.seconds,
            level: header.level,
            message: compose(first.trim_end(), &trace),
            error_type: trace.error_type,
            stack_top: trace.top,
        }
    }
}

/// The message, with what it does not say of the error.
fn compose<'a>(message: &'a str, trace: &Trace) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(message);
    for part in [&trace.error_type, &trace.top].into_iter().flatten().filter(|part| !message.contains(part.as_str())) {
        text.to_mut().push(' ');
        text.to_mut().push_str(part);
    }
    text
}

/// The telling lines of a stack trace.
#[derive(Debug, Default)]
struct Trace {
    error_type: Option<String>,
    top: Option<String>,
}

impl Trace {
    fn read(first: &str, rest: &str) -> Self {
        let mut trace = Self { error_type: error_type(first), top: None };
        // Python names the error last and the failing frame just before.
        let python = first.starts_with("Traceback") || rest.contains("Traceback (most recent call last)");
        for line in rest.lines().take(400) {
            let text = line.trim();
            let frame = text.starts_with("at ") || (text.starts_with("File \"") && python);
            if frame && (trace.top.is_none() || python) {
                trace.top = Some(frame_name(text));
            } else if !frame && (trace.error_type.is_none() || text.starts_with("Caused by:") || python) {
                let text = text.strip_prefix("Caused by:").unwrap_or(text).trim();
                trace.error_type = error_type(text).or(trace.error_type);
            }
        }
        trace
    }
}

/// A frame without its line number: releases move it.
fn frame_name(frame: &str) -> String {
    let end = frame.rfind([':', ',']).filter(|&at| frame[at..].bytes().any(|byte| byte.is_ascii_digit()));
    let text = frame.get(..end.unwrap_or(frame.len())).unwrap_or(frame);
    let closed = if text.contains('(') && !text.contains(')') { ")" } else { "" };
    text.chars().take(200).chain(closed.chars()).collect()
}

/// `java.net.ConnectException` of `java.net.ConnectException: Connection refused`.
fn error_type(line: &str) -> Option<String> {
    let word = line.split([':', ' ', '(']).find(|word| !word.is_empty())?;
    let name = word.rsplit('.').next().unwrap_or(word);
    let kind = ["Exception", "Error", "Failure", "Interrupt"].iter().any(|end| name.ends_with(end));
    (kind && name.len() > 5 && name.starts_with(|c: char| c.is_ascii_uppercase())).then(|| word.to_owned())
}

fn json(text: &str) -> Option<Record<'static>> {
    if !text.starts_with('{') || !text.ends_with('}') || text.len() > MAX_JSON_BYTES {
        return None;
    }
    let Ok(Value::Object(object)) = serde_json::from_str(text) else { return None };
    Some(of_object(&object))
}

fn of_object(object: &Map<String, Value>) -> Record<'static> {
    let error = ["error", "err", "exception"].iter().find_map(|key| object.get(*key));
    let nested = error.and_then(Value::as_object);
    let string = |keys: &[&str]| {
        keys.iter().find_map(|key| object.get(*key).and_then(Value::as_str)).filter(|text| !text.trim().is_empty())
    };
    let of_error = |keys: &[&str]| keys.iter().find_map(|key| nested?.get(*key)?.as_str());
    let message = string(&["message", "msg", "@message", "log", "text", "body", "event", "errorMessage"])
        .or_else(|| of_error(&["message", "msg"]))
        .or_else(|| error.and_then(Value::as_str));
    let error_type = string(&["errorType", "error_type", "exception_type", "exc_type", "error.type"])
        .or_else(|| of_error(&["type", "name", "class", "code", "kind"]))
        .map(str::to_owned);
    let stack = string(&["stack", "stack_trace", "stackTrace", "stacktrace", "exc_info", "trace"])
        .or_else(|| of_error(&["stack", "stack_trace", "stacktrace"]));
    let trace = stack.map(|stack| {
        let (first, rest) = stack.split_once('\n').unwrap_or((stack, ""));
        Trace::read(first, rest)
    });
    let trace = trace.unwrap_or_default();
    let trace = Trace { error_type: error_type.or(trace.error_type), top: trace.top };
    let text = message.map_or_else(|| flatten(object), str::to_owned);
    let first = text.lines().next().unwrap_or_default().to_owned();
    let message = compose(&first, &trace).into_owned();
    Record {
        seconds: ["timestamp", "time", "ts", "@timestamp", "datetime", "date"]
            .iter()
            .find_map(|key| object.get(*key))
            .and_then(seconds),
        level: ["level", "severity", "lvl", "levelname", "log.level", "loglevel", "logLevel"]
            .iter()
            .find_map(|key| object.get(*key))
            .and_then(|value| match value {
                Value::String(name) => Level::parse(name.trim()),
                Value::Number(number) => number.as_u64().and_then(Level::from_number),
                _ => None,
            }),
        message: Cow::Owned(message),
        error_type: trace.error_type,
        stack_top: trace.top,
    }
}

fn seconds(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => timestamp::read(text.trim().as_bytes(), 0).map(|stamp| stamp.seconds),
        Value::Number(number) => {
            let number = number.as_f64().filter(|number| number.is_finite() && *number > 0.0)?;
            Some(if number > 1e14 {
                number / 1e6
            } else if number > 1e11 {
                number / 1e3
            } else {
                number
            })
        }
        _ => None,
    }
}

/// An object without a message: its fields, as `key=value`, so that values vary and keys do not.
fn flatten(object: &Map<String, Value>) -> String {
    let mut text = String::new();
    let mut left = MAX_FIELDS;
    write(object, "", MAX_DEPTH, &mut left, &mut text);
    text
}

fn write(object: &Map<String, Value>, prefix: &str, depth: usize, left: &mut usize, text: &mut String) {
    for (key, value) in object {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}_{key}") };
        match value {
            Value::Object(inner) if depth > 0 => write(inner, &name, depth - 1, left, text),
            other => {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(&name);
                text.push_str("=\"");
                text.extend(other.to_string().chars().filter(|&c| c != '"').take(100));
                text.push('"');
            }
        }
    }
}
