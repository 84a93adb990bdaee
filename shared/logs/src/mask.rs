//! What a variable part is, for the reader of a template. Grouping does not depend on it.

/// What was seen in a variable place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Number,
    Duration,
    Size,
    Time,
    Ip,
    Uuid,
    Hex,
    AwsId,
    Arn,
    Path,
    Url,
    /// Several of them, or something else.
    Any,
}

impl Kind {
    pub(crate) fn mask(self) -> &'static str {
        match self {
            Self::Number => "<num>",
            Self::Duration => "<duration>",
            Self::Size => "<size>",
            Self::Time => "<time>",
            Self::Ip => "<ip>",
            Self::Uuid => "<uuid>",
            Self::Hex => "<hex>",
            Self::AwsId => "<aws-id>",
            Self::Arn => "<arn>",
            Self::Path => "<path>",
            Self::Url => "<url>",
            Self::Any => "<*>",
        }
    }

    /// What `text` is.
    pub(crate) fn of(text: &str) -> Self {
        let text = text.trim_matches(|c: char| matches!(c, '"' | '\'' | '(' | ')' | '[' | ']' | ',' | ';'));
        if crate::timestamp::read(text.as_bytes(), 0).is_some_and(|stamp| stamp.end == text.len() && !stamp.epoch) {
            return Self::Time;
        }
        if text.starts_with("arn:aws") {
            return Self::Arn;
        }
        if text.contains("://") {
            return Self::Url;
        }
        if let Some(kind) = quantity(text) {
            return kind;
        }
        if is_ip(text) {
            return Self::Ip;
        }
        if is_uuid(text) {
            return Self::Uuid;
        }
        if is_aws_id(text) {
            return Self::AwsId;
        }
        let digits = text.strip_prefix("0x").unwrap_or(text);
        if digits.len() >= 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
            || (digits.len() < text.len() && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        {
            return Self::Hex;
        }
        if !text.contains(' ') && (text.starts_with('/') || text.contains(":\\") || text.matches('/').count() >= 2) {
            return Self::Path;
        }
        Self::Any
    }
}

/// All masks.
const MASKS: [&str; 12] = [
    "<num>",
    "<duration>",
    "<size>",
    "<time>",
    "<ip>",
    "<uuid>",
    "<hex>",
    "<aws-id>",
    "<arn>",
    "<path>",
    "<url>",
    "<*>",
];

/// The parts of a template that do not vary, in their order, without the white space around them.
///
/// A message is of the template only if it has all of them in this order.
pub fn fixed_parts(template: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = template;
    loop {
        let next = MASKS.iter().filter_map(|mask| Some((rest.find(mask)?, mask.len()))).min();
        let (end, after) = next.map_or((rest.len(), rest.len()), |(at, length)| (at, at + length));
        parts.extend(rest.get(..end).map(str::trim).filter(|part| !part.is_empty()));
        if next.is_none() {
            return parts;
        }
        rest = rest.get(after..).unwrap_or_default();
    }
}

fn quantity(text: &str) -> Option<Kind> {
    let number = text.trim_start_matches(['-', '+', '#']);
    let digits = number.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',')).count();
    if digits == 0 || number[..digits].matches('.').count() > 1 || !number.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    match number[digits..].trim_start() {
        "" | "%" => Some(Kind::Number),
        "ns" | "us" | "µs" | "ms" | "msec" | "msecs" | "s" | "sec" | "secs" | "second" | "seconds" | "m" | "min"
        | "mins" | "minute" | "minutes" | "h" | "hour" | "hours" | "d" | "day" | "days" => Some(Kind::Duration),
        "B" | "K" | "M" | "G" | "KB" | "kB" | "MB" | "GB" | "TB" | "KiB" | "MiB" | "GiB" | "TiB" => Some(Kind::Size),
        _ => None,
    }
}

fn is_ip(text: &str) -> bool {
    let text = text.trim_start_matches('/');
    text.parse::<std::net::IpAddr>().is_ok() || text.parse::<std::net::SocketAddr>().is_ok()
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// `i-0123456789abcdef0`, `subnet-…`.
fn is_aws_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(kind, id)| {
        (1..=8).contains(&kind.len())
            && kind.bytes().all(|byte| byte.is_ascii_lowercase())
            && matches!(id.len(), 8 | 17)
            && id.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case("connection to <ip> failed after <duration>: timeout", &["connection to", "failed after", ": timeout"])]
    #[case("<*>", &[])]
    #[case("", &[])]
    #[case("disk full", &["disk full"])]
    #[case("a <b> c", &["a <b> c"])]
    #[case("<num><num> rows", &["rows"])]
    fn what_does_not_vary_is_found(#[case] template: &str, #[case] expected: &[&str]) {
        assert_eq!(fixed_parts(template), expected);
    }

    #[test]
    fn every_kind_has_its_mask_in_the_list() {
        use Kind::{Any, Arn, AwsId, Duration, Hex, Ip, Number, Path, Size, Time, Url, Uuid};
        let kinds = [Number, Duration, Size, Time, Ip, Uuid, Hex, AwsId, Arn, Path, Url, Any];
        assert_eq!(kinds.map(Kind::mask), MASKS);
    }

    #[rstest::rstest]
    #[case("17", Kind::Number)]
    #[case("-3.5", Kind::Number)]
    #[case("18 ms", Kind::Duration)]
    #[case("384.0 B", Kind::Size)]
    #[case("10.0.3.17:5432", Kind::Ip)]
    #[case("2026-11-21T10:00:00Z", Kind::Time)]
    #[case("7f9c24e8-3b12-4fef-91d0-5d7b0c1a2b3c", Kind::Uuid)]
    #[case("0x1f", Kind::Hex)]
    #[case("i-0123456789abcdef0", Kind::AwsId)]
    #[case("arn:aws:sns:eu-west-1:1:x", Kind::Arn)]
    #[case("/var/log/app.log", Kind::Path)]
    #[case("https://example.com/a", Kind::Url)]
    #[case("worker-3, worker-4", Kind::Any)]
    #[case("", Kind::Any)]
    fn names_what_it_sees(#[case] text: &str, #[case] kind: Kind) {
        assert_eq!(Kind::of(text), kind, "{text}");
    }
}
