//! What Lambda hands over: something on a connection, or changes of the incidents table.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

/// An event of one of the two sources.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Event {
    Stream {
        #[serde(rename = "Records")]
        records: Vec<Record>,
    },
    Socket(Box<Socket>),
}

/// A change of the table.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    #[serde(rename = "eventID")]
    pub event_id: String,
    pub event_name: ChangeKind,
    pub dynamodb: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChangeKind {
    Insert,
    Modify,
    Remove,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Change {
    pub keys: Value,
    /// The item as it is now; absent when it was removed.
    #[serde(default)]
    pub new_image: Option<Value>,
}

/// Something on a connection.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Socket {
    pub request_context: RequestContext,
    #[serde(default)]
    headers: Option<HashMap<String, String>>,
    #[serde(default)]
    pub body: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestContext {
    pub event_type: SocketKind,
    pub connection_id: String,
    #[serde(default)]
    pub identity: Identity,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Whose signature opened the connection.
    #[serde(default)]
    pub user_arn: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SocketKind {
    Connect,
    Disconnect,
    Message,
}

impl Socket {
    /// What the client offers in `Sec-WebSocket-Protocol`, in its order.
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        let headers = self.headers.iter().flatten();
        let named = headers.filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"));
        named.flat_map(|(_, value)| value.split(',')).map(str::trim)
    }
}
