//! Logs: structured, one line an event, to standard output, where Lambda reads them.

use lambda_runtime::tracing::subscriber;
use lambda_runtime::tracing::subscriber::filter::LevelFilter;

use crate::settings::Environment;

/// Installs a subscriber: the format follows `AWS_LAMBDA_LOG_FORMAT`, the level `AWS_LAMBDA_LOG_LEVEL`, both set by the
/// function's logging configuration. The runtime's own subscriber writes the same lines, and brings an engine for regular
/// expressions into every package for filters that nobody sets.
pub fn init() {
    let environment = Environment::process();
    let named = environment.optional("AWS_LAMBDA_LOG_LEVEL").or_else(|| environment.optional("RUST_LOG"));
    let lines = subscriber::fmt().with_target(false).without_time().with_max_level(level(named.as_deref()));
    if environment.optional("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json")) {
        lines.json().init();
    } else {
        lines.init();
    }
}

/// Lambda's levels; what is none of them is taken for `INFO`.
fn level(named: Option<&str>) -> LevelFilter {
    match named {
        Some(fatal) if fatal.eq_ignore_ascii_case("fatal") => LevelFilter::ERROR,
        named => named.and_then(|name| name.parse().ok()).unwrap_or(LevelFilter::INFO),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::unset(None, LevelFilter::INFO)]
    #[case::lambdas(Some("WARN"), LevelFilter::WARN)]
    #[case::in_lower_case(Some("trace"), LevelFilter::TRACE)]
    #[case::above_all(Some("FATAL"), LevelFilter::ERROR)]
    #[case::a_filter_of_targets(Some("hyper=debug"), LevelFilter::INFO)]
    fn a_level_is_read(#[case] named: Option<&str>, #[case] expected: LevelFilter) {
        assert_eq!(level(named), expected);
    }
}
