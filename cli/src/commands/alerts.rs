//! `nightjar alerts`: what is open, and what people do about it.

use jiff::Timestamp;
use nightjar_aws::clock;
use nightjar_domain::routing::Span;
use serde_json::{Value, json};

use super::api_client::ApiArgs;
use super::events::{describe_event, describe_list};
use crate::outcome::Outcome;
use crate::output::Output;

#[derive(Debug, clap::Args)]
pub struct AlertsArgs {
    #[command(subcommand)]
    command: AlertsCommand,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Debug, clap::Subcommand)]
enum AlertsCommand {
    /// List what is open, newest first.
    List {
        /// OPEN, ACKNOWLEDGED, SUPPRESSED or RESOLVED.
        #[arg(long, default_value = "OPEN")]
        status: String,
        /// How many at most, 1 to 100.
        #[arg(long, default_value_t = 50)]
        limit: u16,
    },
    /// Say that somebody is on it: it is neither repeated nor escalated any more.
    Ack(DeedArgs),
    /// Say that it is over.
    Resolve(DeedArgs),
    /// Give it to somebody.
    Assign {
        #[command(flatten)]
        deed: DeedArgs,
        /// Who takes care of it from now on.
        #[arg(long, value_name = "NAME")]
        to: String,
    },
    /// Hold it back for a while. If it is still open then, it is told again.
    Suppress {
        #[command(flatten)]
        deed: DeedArgs,
        /// For how long, such as 2h.
        #[arg(long = "for", value_name = "LENGTH")]
        length: Span,
    },
}

#[derive(Debug, clap::Args)]
struct DeedArgs {
    /// Such as inc_0123456789abcdef0123.
    id: String,
    /// For whom, where that is not who signs the request.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Why.
    #[arg(long)]
    why: String,
    /// Only if the event is still at this version.
    #[arg(long, value_name = "VERSION")]
    if_version: Option<u64>,
}

impl DeedArgs {
    fn path(&self, deed: &str) -> anyhow::Result<String> {
        anyhow::ensure!(!self.id.contains('/'), "{:?} is no event's id: `nightjar alerts list` shows them", self.id);
        Ok(format!("alerts/{}/{deed}", self.id))
    }

    fn body(&self, until: Option<Timestamp>, to: Option<&str>) -> Value {
        let mut body = json!({ "why": self.why });
        for (name, value) in [("by", json!(self.by)), ("until", json!(until)), ("to", json!(to))] {
            if !value.is_null() {
                body[name] = value;
            }
        }
        body
    }
}

pub(super) async fn run(args: &AlertsArgs, output: Output) -> anyhow::Result<Outcome> {
    let client = args.api.client().await?;
    let (deed, name, until, to) = match &args.command {
        AlertsCommand::List { status, limit } => {
            let query = [("status", status.clone()), ("limit", limit.to_string())];
            let page = client.get("events", &query).await?;
            output.print(&page, describe_list)?;
            return Ok(Outcome::Fine);
        }
        AlertsCommand::Ack(deed) => (deed, "acknowledge", None, None),
        AlertsCommand::Resolve(deed) => (deed, "resolve", None, None),
        AlertsCommand::Assign { deed, to } => (deed, "assign", None, Some(to.as_str())),
        AlertsCommand::Suppress { deed, length } => {
            let until = length.after(clock::now());
            anyhow::ensure!(until.is_some(), "a suppression needs an end: for ever is what resolve is for");
            (deed, "suppress", until, None)
        }
    };
    let event = client.post_if(&deed.path(name)?, &deed.body(until, to), deed.if_version).await?;
    output.print(&event, describe_event)?;
    Ok(Outcome::Fine)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use wiremock::matchers::{body_partial_json, header, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: AlertsArgs,
    }

    #[tokio::test]
    async fn a_deed_carries_who_why_and_the_version_it_was_decided_on() {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .and(path("/alerts/inc_1/acknowledge"))
            .and(header("if-match", "\"3\""))
            .and(body_partial_json(json!({ "by": "alice", "why": "on it" })))
            .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "id": "inc_1", "status": "ACKNOWLEDGED" })))
            .expect(1)
            .mount(&server)
            .await;
        let uri = server.uri();
        let line = [
            "alerts",
            "ack",
            "inc_1",
            "--by",
            "alice",
            "--why",
            "on it",
            "--if-version",
            "3",
            "--no-sign",
            "--api",
            &uri,
        ];
        let args = Line::try_parse_from(line).unwrap().args;
        assert_eq!(run(&args, Output::new(true)).await.unwrap(), Outcome::Fine);
    }

    #[tokio::test]
    async fn a_suppression_has_an_end() {
        let line = [
            "alerts",
            "suppress",
            "inc_1",
            "--by",
            "a",
            "--why",
            "b",
            "--for",
            "never",
            "--no-sign",
            "--api",
            "http://127.0.0.1:1",
        ];
        let args = Line::try_parse_from(line).unwrap().args;
        assert!(run(&args, Output::new(true)).await.unwrap_err().to_string().contains("needs an end"));
    }
}
