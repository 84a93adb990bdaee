//! Addresses that lines name: who the resource was talking to when it failed, whatever words its program uses for that.

/// Ports from here on are handed out to clients (Linux's `ip_local_port_range`): who listens there is nobody's dependency.
const FIRST_CLIENT_PORT: u32 = 32_768;
/// Bytes of a name, at most (RFC 1035).
const MAX_NAME: usize = 253;
/// `server.go:120` is a place in a program.
const SOURCE_FILES: [&str; 20] = [
    "go", "java", "py", "rs", "js", "ts", "c", "cc", "cpp", "h", "rb", "kt", "scala", "php", "cs", "swift", "ex",
    "erl", "lua", "sql",
];

/// The first address in `text` that a client would call: `host:port`, or the host of a URL.
pub(super) fn endpoint(text: &str) -> Option<&str> {
    text.char_indices().filter(|(_, c)| *c == ':').find_map(|(colon, _)| url(text, colon).or_else(|| pair(text, colon)))
}

/// `scheme://host…`
fn url(text: &str, colon: usize) -> Option<&str> {
    let host = text.get(colon..)?.strip_prefix("://")?;
    let scheme = text.get(..colon)?.bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
    // `user:password@host`: only the host is told on.
    let whole = host.split(['/', '?', '#', ' ', '"', '\'', ')', ']', '>', ',']).next()?;
    let host = whole.rsplit('@').next()?.trim_end_matches(['.', ':', ';']);
    let is_host = !host.is_empty() && host.len() <= MAX_NAME && host.bytes().all(|byte| is_name(byte) || byte == b':');
    (scheme >= 2 && is_host && !is_own(host)).then_some(host)
}

/// `host:port`
fn pair(text: &str, colon: usize) -> Option<&str> {
    let start = colon - text.get(..colon)?.bytes().rev().take(MAX_NAME + 1).take_while(|byte| is_name(*byte)).count();
    let host = text.get(start..colon)?;
    let digits = text.get(colon + 1..)?.bytes().take_while(u8::is_ascii_digit).count();
    let end = colon + 1 + digits;
    let port: u32 = text.get(colon + 1..end)?.parse().ok()?;
    let mut after = text.get(end..)?.chars();
    let ends = match (after.next(), after.next()) {
        (Some(':'), next) => next.is_none_or(|next| !next.is_ascii_digit()),
        (next, _) => next.is_none_or(|next| !next.is_alphanumeric() && !matches!(next, '-' | '_')),
    };
    let is_port = (1..FIRST_CLIENT_PORT).contains(&port) && digits <= 5;
    (is_port && ends && is_host(host) && !is_own(host)).then(|| text.get(start..end)).flatten()
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

/// An IPv4 address, or a name: not a time, a number, a class or a file of source code.
fn is_host(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    if parts.iter().any(|part| part.is_empty()) || text.len() > MAX_NAME {
        return false;
    }
    if parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok()) {
        return true;
    }
    let lowercase = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    let lettered = text.bytes().filter(u8::is_ascii_alphabetic).count() >= 2;
    let starts = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let last = parts.last().copied().unwrap_or_default();
    // A word before a number (`line:12`, `code:500`) is a host only if it looks like one.
    let named =
        parts.len() > 1 || text.contains('-') || text == "localhost" || text.ends_with(|c: char| c.is_ascii_digit());
    lowercase && lettered && starts && named && !(parts.len() > 1 && SOURCE_FILES.contains(&last))
}

/// The machine itself is no dependency of its own.
fn is_own(host: &str) -> bool {
    host == "localhost" || host.starts_with("localhost:") || host.starts_with("127.") || host.starts_with("0.0.0.0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::address("node 3 (kafka-1/10.0.2.8:9092) gone", Some("10.0.2.8:9092"))]
    #[case::name("to db.internal:5432, again", Some("db.internal:5432"))]
    #[case::short_name("redis-0:6379: no", Some("redis-0:6379"))]
    #[case::url("GET https://api.example.org/v1/pay -> nothing", Some("api.example.org"))]
    #[case::url_with_secret("amqp://me:secret@mq.internal:5671/x", Some("mq.internal:5671"))]
    #[case::jdbc("jdbc:postgresql://orders.db:5432/x", Some("orders.db:5432"))]
    #[case::time("at 09:55:00 it broke", None)]
    #[case::source("panic at server.go:120", None)]
    #[case::class("org.example.Main:12", None)]
    #[case::code("status code:500", None)]
    #[case::client("bad request from 203.0.113.5:51234", None)]
    #[case::own("listening on 127.0.0.1:8080 and localhost:80", None)]
    #[case::version("v1.2.3:4", None)]
    #[case::nothing("", None)]
    fn finds(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(endpoint(text), expected);
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_searched(text in "\\PC{0,120}(://|:)?\\PC{0,40}") {
            if let Some(found) = endpoint(&text) {
                proptest::prop_assert!(text.contains(found));
            }
        }
    }
}
