use nightjar_alert_handler::{handler, living::Living};
use nightjar_aws::{clock, lambda, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let living = Living::load().await?;
    let living = &living;
    lambda::serve(move |event| async move {
        let now = clock::now();
        handler::handle(&*living.context(now).await?, event, now).await
    })
    .await
}
