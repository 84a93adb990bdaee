//! Systems Manager's documents, run on one instance.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use crate::{Ec2Error, Fleet};

/// How a document's run on an instance stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandState {
    Running,
    Succeeded,
    /// With Systems Manager's own word for it.
    Ended(String),
}

impl Fleet {
    /// Whether Systems Manager's agent on the instance answers.
    pub async fn is_managed(&self, instance: &str) -> Result<bool, Ec2Error> {
        let asked = json!({ "Filters": [{ "Key": "InstanceIds", "Values": [instance] }] });
        let answer = self.caller()?.ssm("DescribeInstanceInformation", &asked).await?;
        let online = |known: &serde_json::Value| known["InstanceId"] == instance && known["PingStatus"] == "Online";
        Ok(answer["InstanceInformationList"].as_array().is_some_and(|list| list.iter().any(online)))
    }

    /// Starts a document on one instance. `comment` is how it is found again. Returns the command's id.
    pub async fn send_command(
        &self,
        instance: &str,
        document: &str,
        parameters: &BTreeMap<String, Vec<String>>,
        comment: &str,
    ) -> Result<String, Ec2Error> {
        let asked = json!({
            "DocumentName": document, "InstanceIds": [instance], "Parameters": parameters, "Comment": comment,
        });
        let answer = self.caller()?.ssm("SendCommand", &asked).await?;
        answer["Command"]["CommandId"].as_str().map(str::to_owned).ok_or_else(|| Ec2Error::Call {
            service: "ssm",
            operation: "SendCommand",
            problem: "the answer names no command".to_owned(),
        })
    }

    /// How a command stands. One that Systems Manager does not know yet is running: it learns of it a moment later.
    pub async fn command(&self, instance: &str, command: &str) -> Result<CommandState, Ec2Error> {
        let asked = json!({ "CommandId": command, "InstanceId": instance });
        let answer = match self.caller()?.ssm("GetCommandInvocation", &asked).await {
            Ok(answer) => answer,
            Err(error) if error.to_string().contains("InvocationDoesNotExist") => return Ok(CommandState::Running),
            Err(error) => return Err(error),
        };
        Ok(match answer["Status"].as_str().unwrap_or_default() {
            "Pending" | "InProgress" | "Delayed" | "Cancelling" => CommandState::Running,
            "Success" => CommandState::Succeeded,
            other => CommandState::Ended(other.to_owned()),
        })
    }

    /// The command with this comment that was sent to the instance since.
    pub async fn sent_command(
        &self,
        instance: &str,
        comment: &str,
        since: Timestamp,
    ) -> Result<Option<String>, Ec2Error> {
        let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let asked = json!({ "InstanceId": instance, "Filters": [{ "key": "InvokedAfter", "value": since }] });
        let answer = self.caller()?.ssm("ListCommands", &asked).await?;
        let ours = |command: &serde_json::Value| {
            (command["Comment"] == comment).then(|| command["CommandId"].as_str().map(str::to_owned))?
        };
        Ok(answer["Commands"].as_array().and_then(|commands| commands.iter().find_map(ours)))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::Value;
    use wiremock::matchers::header;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::tests::fleet_calling;

    async fn answering(operation: &str, status: u16, body: Value) -> MockServer {
        let server = MockServer::start().await;
        Mock::given(header("x-amz-target", format!("AmazonSSM.{operation}")))
            .respond_with(ResponseTemplate::new(status).set_body_json(body))
            .expect(1)
            .mount(&server)
            .await;
        server
    }

    #[tokio::test]
    async fn a_document_is_sent_to_one_instance_with_its_parameters() {
        let server = answering("SendCommand", 200, json!({ "Command": { "CommandId": "c-1" } })).await;
        let parameters = BTreeMap::from([("Service".to_owned(), vec!["nginx".to_owned()])]);
        let id = fleet_calling(&server).send_command("i-1", "restart", &parameters, "inc_1").await.unwrap();
        assert_eq!(id, "c-1");
        let request = server.received_requests().await.unwrap().remove(0);
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let expected = json!({
            "DocumentName": "restart", "InstanceIds": ["i-1"], "Parameters": { "Service": ["nginx"] }, "Comment": "inc_1",
        });
        assert_eq!(body, expected);
    }

    #[rstest]
    #[case::running(200, json!({ "Status": "InProgress" }), CommandState::Running)]
    #[case::not_known_yet(400, json!({ "__type": "InvocationDoesNotExist" }), CommandState::Running)]
    #[case::done(200, json!({ "Status": "Success" }), CommandState::Succeeded)]
    #[case::failed(200, json!({ "Status": "TimedOut" }), CommandState::Ended("TimedOut".to_owned()))]
    #[tokio::test]
    async fn a_command_is_followed(#[case] status: u16, #[case] body: Value, #[case] expected: CommandState) {
        let server = answering("GetCommandInvocation", status, body).await;
        assert_eq!(fleet_calling(&server).command("i-1", "c-1").await.unwrap(), expected);
    }

    #[tokio::test]
    async fn a_command_is_found_again_by_its_comment() {
        let commands = json!({ "Commands": [{ "CommandId": "c-0", "Comment": "by hand" }, { "CommandId": "c-1", "Comment": "inc_1" }] });
        let server = answering("ListCommands", 200, commands).await;
        let found = fleet_calling(&server).sent_command("i-1", "inc_1", Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(found.as_deref(), Some("c-1"));
    }

    #[tokio::test]
    async fn an_agent_that_is_silent_is_not_online() {
        for (status, expected) in [("Online", true), ("ConnectionLost", false)] {
            let list = json!({ "InstanceInformationList": [{ "InstanceId": "i-1", "PingStatus": status }] });
            let server = answering("DescribeInstanceInformation", 200, list).await;
            assert_eq!(fleet_calling(&server).is_managed("i-1").await.unwrap(), expected);
        }
    }
}
