//! Posting to connections.

use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionError;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use nightjar_aws::retry::explain;

use crate::frame::Frame;

/// What became of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    Delivered,
    /// There is no such connection any more.
    Gone,
    /// It could not be delivered now: the client catches up when it reconnects, or polls.
    Failed(String),
}

/// Hands frames to API Gateway.
#[derive(Debug, Clone)]
pub struct Postman {
    client: Client,
}

impl Postman {
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    pub async fn post(&self, connection: &str, frame: &[u8]) -> Posted {
        let post = self.client.post_to_connection().connection_id(connection).data(Blob::new(frame));
        match post.send().await {
            Ok(_) => Posted::Delivered,
            Err(error) if error.as_service_error().is_some_and(PostToConnectionError::is_gone_exception) => {
                Posted::Gone
            }
            Err(error) => Posted::Failed(explain(&error)),
        }
    }

    /// Ends a connection; that it has ended already is as good.
    pub async fn close(&self, connection: &str) {
        if let Err(error) = self.client.delete_connection().connection_id(connection).send().await {
            tracing::debug!(error = explain(&error), connection, "the connection could not be ended");
        }
    }
}

impl Frame {
    pub fn to_bytes(&self) -> anyhow::Result<Vec<u8>> {
        Ok(serde_json::to_vec(self)?)
    }
}
