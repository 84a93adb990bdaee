//! How a person answers: a token signed by KMS, so that no function holds the key.

use anyhow::Context as _;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::MacAlgorithmSpec;
use jiff::Timestamp;
use nightjar_domain::id::IncidentId;
use nightjar_domain::remediation::Ticket;

use crate::context::Context;

/// What a message that asks for an approval ends with. The same on every delivery.
pub async fn how_to_answer(
    context: &Context,
    incident: &IncidentId,
    until: Timestamp,
    fingerprint: &str,
) -> anyhow::Result<String> {
    let key = context.settings.approval_key.as_deref().context("APPROVAL_KEY_ID is not set: approvals need it")?;
    let ticket = Ticket { incident: incident.clone(), expires_at: until };
    let answer = context
        .kms
        .generate_mac()
        .key_id(key)
        .mac_algorithm(MacAlgorithmSpec::HmacSha256)
        .message(Blob::new(ticket.message(fingerprint)))
        .send()
        .await
        .with_context(|| format!("signing the approval of {incident}"))?;
    let mac = answer.mac().context("KMS answered without a MAC")?;
    let token = ticket.token(mac.as_ref());
    let link = context.settings.api_endpoint.as_ref();
    let link = link.map(|api| format!(" Look at it: {api}/approvals/{incident}.")).unwrap_or_default();
    Ok(format!("Answer with `nightjar approvals approve {token}`, or `deny` and a reason.{link}"))
}
