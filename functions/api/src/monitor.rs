//! The security monitor, asked by the API.
//!
//! The rules and their engine are in the monitor's package alone: the API's would grow by about a third, and what it said could
//! differ from what is judged, when the two are not deployed together or the monitor's package holds rules of one's own.

use nightjar_calls::functions::invoke_function;
use nightjar_calls::{CallError, Caller};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::Problem;

/// Calls the function and waits for its answer.
#[derive(Debug, Clone, Default)]
pub struct Monitor(Option<(Caller, String)>);

/// It did not answer as it should.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    #[error("SECURITY_FUNCTION is not set: the security monitor is not deployed")]
    Absent,
    #[error("the security monitor cannot be called: {0}")]
    Call(#[from] CallError),
    #[error("the security monitor failed ({kind}); its log says why")]
    Failed { kind: String },
    #[error("the answer of the security monitor cannot be read, deploy matching versions of all functions: {0}")]
    Answer(#[from] serde_json::Error),
}

impl Monitor {
    pub fn new(caller: Caller, function: Option<String>) -> Self {
        Self(function.map(|function| (caller, function)))
    }

    /// Sends `request` and reads the answer.
    pub async fn ask<T: DeserializeOwned>(&self, request: &Value) -> Result<T, Problem> {
        self.call(request).await.map_err(|error| {
            Problem::unavailable("the security monitor does not answer at the moment; try again", &error)
        })
    }

    async fn call<T: DeserializeOwned>(&self, request: &Value) -> Result<T, MonitorError> {
        let (caller, function) = self.0.as_ref().ok_or(MonitorError::Absent)?;
        let answer = invoke_function(caller, function, &serde_json::to_vec(request)?).await?;
        if let Some(kind) = answer.failure {
            return Err(MonitorError::Failed { kind });
        }
        Ok(serde_json::from_slice(&answer.payload)?)
    }
}
