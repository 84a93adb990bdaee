//! Other functions, asked for an answer.

use crate::call::Call;
use crate::{CallError, Caller, encoded};

/// What a function answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoked {
    /// Its answer, or the error that it ended with, as JSON.
    pub payload: Vec<u8>,
    /// `Handled` or `Unhandled` where it failed.
    pub failure: Option<String>,
}

/// Calls a function and waits for its answer. It may be called more than once: for functions that only answer.
pub async fn invoke_function(caller: &Caller, function: &str, payload: &[u8]) -> Result<Invoked, CallError> {
    let path = format!("/2015-03-31/functions/{}/invocations", encoded(function));
    let call = Call {
        action: "lambda:InvokeFunction",
        method: "POST",
        url: caller.signer.url("lambda", &path),
        headers: &[("content-type", "application/json")],
        body: payload,
    };
    let answer = caller.send(&call).await?;
    let failure = answer.header("x-amz-function-error").map(str::to_owned);
    Ok(Invoked { payload: answer.body, failure })
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::{body_string, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::tests::caller_of;

    #[tokio::test]
    async fn what_a_function_answers_and_how_it_failed_are_told_apart() {
        let server = MockServer::start().await;
        let failed =
            ResponseTemplate::new(200).insert_header("x-amz-function-error", "Unhandled").set_body_string("{}");
        for (name, answer) in [("well", ResponseTemplate::new(200).set_body_string("[1]")), ("badly", failed)] {
            Mock::given(method("POST"))
                .and(path(format!("/2015-03-31/functions/{name}/invocations")))
                .and(body_string("{\"a\":1}"))
                .respond_with(answer)
                .expect(1)
                .mount(&server)
                .await;
        }
        let caller = caller_of(&server);
        let well = invoke_function(&caller, "well", b"{\"a\":1}").await.unwrap();
        assert_eq!((well.payload.as_slice(), well.failure), (b"[1]".as_slice(), None));
        let badly = invoke_function(&caller, "badly", b"{\"a\":1}").await.unwrap();
        assert_eq!(badly.failure.as_deref(), Some("Unhandled"));
        let request = &server.received_requests().await.unwrap()[0];
        assert!(request.headers["authorization"].to_str().unwrap().contains("/eu-west-1/lambda/aws4_request"));
    }
}
