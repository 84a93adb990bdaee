//! Words that are values by their form: units, nothing, and names of files, hosts and the like.

pub(super) fn is_unit(word: &[u8]) -> bool {
    matches!(
        word,
        b"B" | b"KB"
            | b"kB"
            | b"MB"
            | b"GB"
            | b"TB"
            | b"KiB"
            | b"MiB"
            | b"GiB"
            | b"TiB"
            | b"K"
            | b"M"
            | b"G"
            | b"ns"
            | b"us"
            | b"ms"
            | b"s"
            | b"sec"
            | b"secs"
            | b"second"
            | b"seconds"
            | b"min"
            | b"mins"
            | b"minute"
            | b"minutes"
            | b"h"
            | b"hour"
            | b"hours"
            | b"day"
            | b"days"
            | b"Hz"
            | b"kHz"
            | b"MHz"
            | b"GHz"
            | b"msec"
            | b"msecs"
            | b"usec"
            | b"usecs"
            | b"MB/s"
            | b"KB/s"
            | b"kB/s"
            | b"GB/s"
            | b"B/s"
    )
}

/// Values that are words.
pub(super) fn is_nothing(word: &[u8]) -> bool {
    [&b"true"[..], b"false", b"null", b"nil", b"none", b"nan"].iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// Paths, addresses, hosts, packages: names of things, made of parts.
pub(super) fn is_name(word: &[u8]) -> bool {
    let (mut dots, mut slashes, mut ats) = (0, 0, 0);
    for &byte in word {
        match byte {
            b'.' => dots += 1,
            b'/' => slashes += 1,
            b'\\' => return word.len() > 3,
            b'@' => ats += 1,
            _ => {}
        }
    }
    if slashes > 0 {
        return slashes >= 2 || dots > 0 || (word[0] == b'/' && word.len() > 1);
    }
    if ats > 0 {
        return word[0] != b'@' && word[word.len() - 1] != b'@';
    }
    match dots {
        0 => false,
        1 => word.rsplit(|&byte| byte == b'.').next().is_some_and(is_ending),
        _ => true,
    }
}

/// Endings of files and of hosts.
fn is_ending(word: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 44] = [
        b"com",
        b"net",
        b"org",
        b"edu",
        b"gov",
        b"io",
        b"dev",
        b"cn",
        b"de",
        b"uk",
        b"fr",
        b"jp",
        b"ru",
        b"local",
        b"internal",
        b"log",
        b"txt",
        b"conf",
        b"cfg",
        b"xml",
        b"json",
        b"yaml",
        b"yml",
        b"ini",
        b"properties",
        b"pid",
        b"sock",
        b"sh",
        b"py",
        b"js",
        b"java",
        b"jar",
        b"class",
        b"exe",
        b"dll",
        b"so",
        b"db",
        b"html",
        b"php",
        b"gz",
        b"zip",
        b"tmp",
        b"csv",
        b"service",
    ];
    word.len() <= 10 && ENDINGS.iter().any(|ending| ending.eq_ignore_ascii_case(word))
}
