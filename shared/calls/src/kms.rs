//! Keys that never leave KMS: what is asked of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::call::Call;
use crate::{CallError, Caller};

/// KMS.
#[derive(Debug, Clone)]
pub struct Kms(Caller);

impl Kms {
    pub fn new(caller: Caller) -> Self {
        Self(caller)
    }

    /// The ECDSA signature (ASN.1 DER) of a SHA-256 digest.
    pub async fn sign_digest(&self, key: &str, digest: &[u8]) -> Result<Vec<u8>, CallError> {
        let asked = json!({
            "KeyId": key,
            "Message": STANDARD.encode(digest),
            "MessageType": "DIGEST",
            "SigningAlgorithm": "ECDSA_SHA_256",
        });
        self.bytes("kms:Sign", &asked, "Signature").await
    }

    /// The half of an asymmetric key that verifies, as DER (`SubjectPublicKeyInfo`).
    pub async fn fetch_public_key(&self, key: &str) -> Result<Vec<u8>, CallError> {
        self.bytes("kms:GetPublicKey", &json!({ "KeyId": key }), "PublicKey").await
    }

    /// Whether `mac` is the HMAC-SHA-256 of `message` by this key.
    pub async fn verify_mac(&self, key: &str, message: &[u8], mac: &[u8]) -> Result<bool, CallError> {
        let asked = json!({
            "KeyId": key,
            "Message": STANDARD.encode(message),
            "Mac": STANDARD.encode(mac),
            "MacAlgorithm": "HMAC_SHA_256",
        });
        match self.ask("kms:VerifyMac", &asked).await {
            Ok((_, answer)) => Ok(answer["MacValid"] == true),
            // What is not valid is told as an error.
            Err(error) if error.code == "KMSInvalidMacException" => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn bytes(&self, action: &'static str, asked: &Value, field: &str) -> Result<Vec<u8>, CallError> {
        let (unusable, answer) = self.ask(action, asked).await?;
        let decoded = answer[field].as_str().and_then(|text| STANDARD.decode(text).ok());
        decoded.ok_or_else(|| CallError { problem: format!("the answer has no {field}"), ..unusable })
    }

    /// The answer, and the error of an answer that cannot be used.
    async fn ask(&self, action: &'static str, asked: &Value) -> Result<(CallError, Value), CallError> {
        let target = format!("TrentService.{}", action.trim_start_matches("kms:"));
        let body = asked.to_string();
        let call = Call {
            action,
            method: "POST",
            url: self.0.signer.url("kms", "/"),
            headers: &[("content-type", "application/x-amz-json-1.1"), ("x-amz-target", &target)],
            body: body.as_bytes(),
        };
        let answer = self.0.send(&call).await?;
        let read = serde_json::from_slice(&answer.body);
        read.map(|value| (call.failed(""), value)).map_err(|error| call.failed(error))
    }
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::{body_partial_json, header};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::tests::caller_of;

    async fn kms(operation: &str, asked: Value, status: u16, answer: Value) -> (Kms, MockServer) {
        let server = MockServer::start().await;
        Mock::given(header("x-amz-target", format!("TrentService.{operation}").as_str()))
            .and(body_partial_json(asked))
            .respond_with(ResponseTemplate::new(status).set_body_json(answer))
            .expect(1)
            .mount(&server)
            .await;
        (Kms::new(caller_of(&server)), server)
    }

    #[tokio::test]
    async fn a_digest_is_signed() {
        let asked =
            json!({"KeyId": "k", "Message": "AQI=", "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"});
        let (kms, _server) = kms("Sign", asked, 200, json!({"Signature": "CQk="})).await;
        assert_eq!(kms.sign_digest("k", &[1, 2]).await.unwrap(), [9, 9]);
    }

    #[tokio::test]
    async fn an_answer_without_its_key_is_an_error() {
        let (kms, _server) = kms("GetPublicKey", json!({"KeyId": "k"}), 200, json!({"KeyId": "k"})).await;
        let error = kms.fetch_public_key("k").await.unwrap_err();
        assert_eq!(error.to_string(), "kms GetPublicKey failed: the answer has no PublicKey");
    }

    #[tokio::test]
    async fn a_mac_is_valid_or_not_or_nobody_knows() {
        let asked = json!({"KeyId": "k", "Message": "bQ==", "Mac": "AQ==", "MacAlgorithm": "HMAC_SHA_256"});
        for (status, answer, expected) in [
            (200, json!({"MacValid": true}), Some(true)),
            (400, json!({"__type": "KMSInvalidMacException"}), Some(false)),
            (400, json!({"__type": "DisabledException"}), None),
        ] {
            let (kms, _server) = kms("VerifyMac", asked.clone(), status, answer).await;
            assert_eq!(kms.verify_mac("k", b"m", &[1]).await.ok(), expected);
        }
    }
}
