//! What a person asks for, through `nightjar`: an invocation whose event is `{"nightjar": {…}}`. Every other event is a
//! reason to look at everything.

use serde::Deserialize;
use serde_json::Value;

use crate::configuration::Publish;

/// A command.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Say what would be done with the alarms, and do nothing.
    Plan,
    /// Do it, whatever the schedule does.
    Apply {
        #[serde(default)]
        allow_mass_deletion: bool,
    },
    /// Say why an alarm exists.
    Explain { alarm: String },
    /// Bring a document of the configuration into force.
    Publish(Publish),
}

/// The command in an event; `None` where it is none.
pub fn parse(event: &Value) -> anyhow::Result<Option<Command>> {
    let Some(command) = event.get("nightjar") else { return Ok(None) };
    let read = serde_json::from_value(command.clone());
    read.map(Some)
        .map_err(|error| anyhow::anyhow!("the command cannot be read: {error}: use the nightjar of this version"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_are_no_commands_and_commands_are_read_strictly() {
        assert_eq!(parse(&json!({ "source": "aws.ec2", "detail": {} })).unwrap(), None);
        assert_eq!(parse(&json!({ "nightjar": { "command": "plan" } })).unwrap(), Some(Command::Plan));
        let apply = parse(&json!({ "nightjar": { "command": "apply" } })).unwrap();
        assert_eq!(apply, Some(Command::Apply { allow_mass_deletion: false }));
        assert!(parse(&json!({ "nightjar": { "command": "aply" } })).is_err());
    }
}
