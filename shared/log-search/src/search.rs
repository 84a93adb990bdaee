//! One search of log groups that are read alike, whoever serves it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use nightjar_domain::evidence::{Gap, LogLine, LogSearch};
use nightjar_domain::resource::LogSource;

use crate::insights::MAX_GROUPS;

/// The span of a search, and whose streams it reads.
#[derive(Debug, Clone)]
pub struct Search {
    pub groups: Vec<String>,
    pub stream_prefix: Option<String>,
    pub from: Timestamp,
    pub until: Timestamp,
    /// A regular expression that keeps what may be trouble; all lines without it.
    pub filter: Option<String>,
    /// Events at most, the newest first.
    pub limit: u32,
}

/// What one search brought.
#[derive(Debug, Default, Clone)]
pub struct Found {
    pub search: Option<LogSearch>,
    pub lines: Vec<LogLine>,
    /// Whether there was more than the limit.
    pub cut: bool,
    pub gaps: Vec<Gap>,
}

impl Search {
    /// One search for all groups that are read alike: Logs Insights takes up to 50 groups a query, and bills by bytes.
    pub fn of_all(sources: &[LogSource], (from, until): (Timestamp, Timestamp), limit: u32) -> Vec<Self> {
        let mut by_prefix: BTreeMap<Option<String>, Vec<String>> = BTreeMap::new();
        for source in sources {
            by_prefix.entry(source.stream_prefix.clone()).or_default().push(source.group.clone());
        }
        by_prefix
            .into_iter()
            .flat_map(|(stream_prefix, groups)| {
                let chunks: Vec<Vec<String>> = groups.chunks(MAX_GROUPS).map(<[String]>::to_vec).collect();
                chunks.into_iter().map(move |groups| Self {
                    groups,
                    stream_prefix: stream_prefix.clone(),
                    from,
                    until,
                    filter: None,
                    limit,
                })
            })
            .collect()
    }

    /// The gap that the search leaves, with its reason.
    pub fn gap(&self, reason: impl Into<String>) -> Gap {
        Gap { source: format!("logs of {}", self.groups.join(", ")), reason: reason.into() }
    }

    /// The Logs Insights query, which a person can run again.
    pub fn query(&self) -> String {
        let streams = self
            .stream_prefix
            .as_deref()
            .map(|prefix| format!("| filter @logStream like /^{}/ ", escaped(prefix)))
            .unwrap_or_default();
        let filter = self
            .filter
            .as_deref()
            .map(|filter| format!("| filter @message like /(?i)({filter})/ "))
            .unwrap_or_default();
        format!(
            "fields @timestamp, @message, @logStream, @log {streams}{filter}| sort @timestamp desc | limit {}",
            self.limit
        )
    }

    /// The search as the finding tells it.
    pub fn told(&self, bytes_scanned: u64, matched: usize) -> LogSearch {
        LogSearch {
            log_groups: self.groups.clone(),
            from: self.from,
            until: self.until,
            query: self.query(),
            bytes_scanned,
            matched: matched as u64,
        }
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_alphanumeric() {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(group: &str, prefix: Option<&str>) -> LogSource {
        LogSource { group: group.to_owned(), stream_prefix: prefix.map(str::to_owned) }
    }

    #[test]
    fn groups_that_are_read_alike_are_one_search_of_at_most_fifty() {
        let mut sources: Vec<LogSource> = (0..51).map(|n| source(&format!("/app/{n}"), None)).collect();
        sources.push(source("/shared", Some("i-1/app")));
        let span = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        let searches = Search::of_all(&sources, span, 7);
        let sizes: Vec<usize> = searches.iter().map(|search| search.groups.len()).collect();
        assert_eq!(sizes, [50, 1, 1]);
        let filtered = Search { filter: Some("disk full".to_owned()), ..searches[2].clone() };
        assert_eq!(
            filtered.query(),
            "fields @timestamp, @message, @logStream, @log | filter @logStream like /^i\\-1\\/app/ \
             | filter @message like /(?i)(disk full)/ | sort @timestamp desc | limit 7"
        );
    }
}
