//! Logs: structured, one line an event, to standard output, where Lambda reads them.

/// Installs the runtime's subscriber: the format follows `AWS_LAMBDA_LOG_FORMAT`, the level `AWS_LAMBDA_LOG_LEVEL`,
/// both set by the function's logging configuration.
pub fn init() {
    lambda_runtime::tracing::init_default_subscriber();
}
