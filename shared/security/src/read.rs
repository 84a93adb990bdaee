//! Reading CloudTrail events out of whatever they were delivered in.

use std::cell::RefCell;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// Bytes a file may unpack to: a gzip bomb ends here, with an error.
pub const MAX_FILE_BYTES: u64 = 1 << 30;
/// Bytes of one event. `CloudTrail` caps a record at 1 MB; this leaves room for what others make of it.
pub const MAX_EVENT_BYTES: usize = 16 << 20;
/// Problems told per file; the rest is counted.
const MAX_PROBLEMS: usize = 100;

/// Events of one file in the order they stand there, and what could not be read.
#[derive(Debug, Default)]
pub struct Reading {
    pub events: Vec<RawEvent>,
    pub problems: Vec<String>,
}

/// An event that is not parsed yet, with what sorting and deduplication need.
#[derive(Debug)]
pub struct RawEvent {
    /// `eventTime`; `None` where it is missing or no instant.
    pub at: Option<Timestamp>,
    /// `eventID`, where there is one.
    pub id: Option<String>,
    json: Box<RawValue>,
}

impl RawEvent {
    /// The whole event.
    pub fn parse(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(self.json.get())
    }
}

/// Reads a single event, an array, `{"Records": […]}`, the output of `LookupEvents`, an `EventBridge` envelope, or several of
/// them one after the other (JSON lines), each of these gzipped or not. Whatever is whole is returned, also from a file
/// that breaks off.
pub fn read(bytes: &[u8]) -> Reading {
    let mut problems = Vec::new();
    let unpacked;
    let text: &[u8] = if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut out = Vec::new();
        if let Err(error) = MultiGzDecoder::new(bytes).take(MAX_FILE_BYTES).read_to_end(&mut out) {
            problems.push(format!(
                "the gzip stream is damaged or breaks off after {} unpacked bytes ({error}); fetch the file again",
                out.len()
            ));
        }
        if out.len() as u64 >= MAX_FILE_BYTES {
            problems.push(format!("unpacks to {MAX_FILE_BYTES} bytes or more; the rest is not read"));
        }
        unpacked = out;
        &unpacked
    } else {
        bytes
    };
    let mut reading = Reading { events: Vec::new(), problems };
    let found = RefCell::new(Vec::new());
    documents(text, &found, &mut reading.problems);
    for (index, raw) in found.into_inner().into_iter().enumerate() {
        match event(raw) {
            Ok(event) => reading.events.push(event),
            Err(reason) => reading.problems.push(format!("record {}: {reason}", index + 1)),
        }
    }
    if reading.events.is_empty() && reading.problems.is_empty() {
        reading.problems.push("holds no event".to_owned());
    }
    cap(&mut reading.problems);
    reading
}

fn cap(problems: &mut Vec<String>) {
    if problems.len() > MAX_PROBLEMS {
        let more = problems.len() - MAX_PROBLEMS;
        problems.truncate(MAX_PROBLEMS);
        problems.push(format!("and {more} more problems"));
    }
}

/// Walks the JSON documents of `text`. After a broken one it goes on at the next line that starts an object or a list.
fn documents(text: &[u8], found: &RefCell<Vec<Box<RawValue>>>, problems: &mut Vec<String>) {
    let mut start = if text.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 };
    loop {
        let blank = |byte: &&u8| byte.is_ascii_whitespace();
        start += text.get(start..).unwrap_or_default().iter().take_while(blank).count();
        let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) else { return };
        let mut json = serde_json::Deserializer::from_slice(rest);
        match (Document { found }).deserialize(&mut json) {
            Ok(()) => start += json.into_iter::<IgnoredAny>().byte_offset().max(1),
            Err(error) => {
                let line = text.get(..start).unwrap_or_default().split(|byte| *byte == b'\n').count();
                problems.push(format!("line {line}: {error}, counted from there"));
                let next = rest.windows(2).position(|pair| pair[0] == b'\n' && matches!(pair[1], b'{' | b'['));
                match next {
                    Some(offset) => start += offset + 1,
                    None => return,
                }
            }
        }
    }
}

/// Collects the events of one document as it goes, so that those before a break are kept.
struct Document<'a> {
    found: &'a RefCell<Vec<Box<RawValue>>>,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a CloudTrail event, a list of them, or an object with Records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(raw) = list.next_element::<Box<RawValue>>()? {
            self.found.borrow_mut().push(raw);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut fields: Vec<(String, Box<RawValue>)> = Vec::new();
        let mut listed = false;
        while let Some(key) = map.next_key::<String>()? {
            if matches!(key.as_str(), "Records" | "records" | "Events") {
                map.next_value_seed(Document { found: self.found })?;
                listed = true;
            } else {
                fields.push((key, map.next_value()?));
            }
        }
        if !listed {
            let object =
                fields.iter().map(|(key, value)| (key.as_str(), value)).collect::<std::collections::BTreeMap<_, _>>();
            let raw = serde_json::value::to_raw_value(&object).map_err(serde::de::Error::custom)?;
            self.found.borrow_mut().push(raw);
        }
        Ok(())
    }
}

/// The outside of an event, or of what wraps one.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "eventTime")]
    time: Option<Value>,
    #[serde(rename = "eventID")]
    id: Option<Value>,
    #[serde(rename = "eventName")]
    name: Option<IgnoredAny>,
    #[serde(rename = "eventSource")]
    source: Option<IgnoredAny>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(rename = "CloudTrailEvent")]
    lookup: Option<String>,
}

/// Unwraps what `EventBridge` and `LookupEvents` put around an event.
fn event(raw: Box<RawValue>) -> Result<RawEvent, String> {
    if raw.get().len() > MAX_EVENT_BYTES {
        return Err(format!("is {} bytes; an event may have {MAX_EVENT_BYTES}", raw.get().len()));
    }
    if !raw.get().trim_start().starts_with('{') {
        return Err("is no JSON object".to_owned());
    }
    let head: Head<'_> = serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
    if head.name.is_none() && head.source.is_none() {
        if let Some(text) = head.lookup {
            let inner = RawValue::from_string(text).map_err(|error| format!("CloudTrailEvent is no JSON: {error}"))?;
            return event(inner);
        }
        if let Some(detail) = head.detail.filter(|detail| detail.get().starts_with('{')) {
            return event(detail.to_owned());
        }
        return Err("is no CloudTrail event: it has neither eventName nor eventSource".to_owned());
    }
    let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    Ok(RawEvent { at: text(head.time).and_then(|text| text.parse().ok()), id: text(head.id), json: raw })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const ONE: &str = r#"{"eventName":"A","eventSource":"s","eventTime":"2026-01-02T03:04:05Z","eventID":"1"}"#;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[rstest::rstest]
    #[case::single(ONE.to_owned(), 1, 0)]
    #[case::array(format!("[{ONE},{ONE}]"), 2, 0)]
    #[case::records(format!("{{\"Records\":[{ONE},{ONE}]}}"), 2, 0)]
    #[case::lines(format!("{ONE}\n{ONE}\n\n{ONE}\n"), 3, 0)]
    #[case::envelope(format!("{{\"version\":\"0\",\"detail-type\":\"AWS API Call via CloudTrail\",\"detail\":{ONE}}}"), 1, 0)]
    #[case::list_of_envelopes(format!("[{{\"detail-type\":\"x\",\"detail\":{ONE}}},{ONE}]"), 2, 0)]
    #[case::lookup(serde_json::json!({"Events":[{"EventId":"1","CloudTrailEvent":ONE}]}).to_string(), 1, 0)]
    #[case::byte_order_mark(format!("\u{feff}{ONE}"), 1, 0)]
    #[case::a_broken_line(format!("{ONE}\n{{\"eventName\":\n{ONE}\n"), 2, 1)]
    #[case::breaks_off(format!("{{\"Records\":[{ONE},{ONE},{{\"eventNa"), 2, 1)]
    #[case::not_an_event("{\"a\":1}".to_owned(), 0, 1)]
    #[case::not_objects("[1,\"x\",null]".to_owned(), 0, 3)]
    #[case::empty(String::new(), 0, 1)]
    #[case::no_json("hello".to_owned(), 0, 1)]
    #[case::records_is_no_list("{\"Records\":5}".to_owned(), 0, 1)]
    fn reads_and_names(#[case] text: String, #[case] events: usize, #[case] problems: usize) {
        for bytes in [text.clone().into_bytes(), gzip(&text)] {
            let reading = read(&bytes);
            assert_eq!((reading.events.len(), reading.problems.len()), (events, problems), "{:?}", reading.problems);
        }
    }

    #[test]
    fn a_gzip_file_that_breaks_off_keeps_its_whole_events() {
        let lines: Vec<String> = (0..2_000).map(|n| ONE.replace("\"1\"", &format!("\"{n}\""))).collect();
        let lines = lines.join("\n");
        let whole = gzip(&lines);
        let reading = read(&whole[..whole.len() / 2]);
        assert!(reading.events.len() > 500, "{}", reading.events.len());
        assert!(reading.problems[0].contains("gzip"), "{:?}", reading.problems);
    }

    #[test]
    fn depth_is_an_error_and_no_crash() {
        let deep =
            format!("{{\"eventName\":\"A\",\"requestParameters\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        let reading = read(deep.as_bytes());
        let parsed = reading.events.iter().filter(|event| event.parse().is_ok()).count();
        assert_eq!(parsed, 0);
    }

    #[test]
    fn ten_megabytes_are_read_and_more_than_the_cap_is_named() {
        let event =
            |bytes: usize| format!("{{\"eventName\":\"A\",\"requestParameters\":{{\"x\":\"{}\"}}}}", "y".repeat(bytes));
        assert_eq!(read(event(10 << 20).as_bytes()).events.len(), 1);
        let reading = read(event(17 << 20).as_bytes());
        assert!(reading.events.is_empty() && reading.problems[0].contains("bytes"), "{:?}", reading.problems);
    }
}
