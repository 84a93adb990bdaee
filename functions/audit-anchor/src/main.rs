// The futures of three SDKs lie within each other here.
#![recursion_limit = "256"]

use nightjar_audit_anchor::{context::Context, handler};
use nightjar_aws::{clock, lambda, telemetry};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let context = Context::load()?;
    lambda::serve(|_: Value| handler::handle(&context, clock::now())).await
}
