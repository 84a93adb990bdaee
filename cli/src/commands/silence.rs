//! `nightjar silence`: what nobody wants to hear of for a while. Through the API, so that the audit trail tells who set and ended it.

use anyhow::Context as _;
use jiff::Timestamp;
use nightjar_aws::clock;
use nightjar_domain::routing::{Matcher, Span};
use serde_json::{Value, json};

use super::api_client::ApiArgs;
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
pub struct SilenceArgs {
    #[command(subcommand)]
    command: SilenceCommand,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Debug, clap::Subcommand)]
enum SilenceCommand {
    /// Hold alerts back until a time. What is still open then is told.
    Add {
        /// Such as 'resource="i-0a1b2c3d4e5f60718"' or 'tag:team=~"web|shop"'. All must hold.
        #[arg(required = true)]
        matchers: Vec<Matcher>,
        /// For how long, such as 2h.
        #[arg(long = "for", value_name = "LENGTH")]
        length: Span,
        /// When it begins; else now.
        #[arg(long, value_name = "TIME")]
        from: Option<Timestamp>,
        /// Who answers for it, where that is not who is signed in.
        #[arg(long, value_name = "NAME")]
        owner: Option<String>,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// List the silences that hold or are to come, or all that are kept.
    List {
        /// Ended ones too.
        #[arg(long)]
        all: bool,
    },
    /// End a silence now.
    Expire {
        /// As `nightjar silence list` shows it.
        id: String,
    },
}

pub(super) async fn run(args: &SilenceArgs, output: Output) -> anyhow::Result<Outcome> {
    let client = args.api.client().await?;
    let now = clock::now();
    match &args.command {
        SilenceCommand::Add { matchers, length, from, owner, reason } => {
            let request = request(matchers, (*from, *length), owner.as_deref(), reason, now)?;
            let silence = client.post("silences", &request).await?;
            output.print(&silence, |silence| {
                format!("{} holds until {}", text(silence, "id"), text(silence, "ends_at"))
            })?;
        }
        SilenceCommand::List { all } => {
            let answer = client.get("silences", &[("ended", all.to_string())]).await?;
            let silences = answer["silences"].as_array().context("the API's answer has no silences")?;
            output.print(silences, |silences| describe(silences, now))?;
        }
        SilenceCommand::Expire { id } => {
            anyhow::ensure!(!id.contains('/'), "{id:?} is no silence's id: `nightjar silence list` shows them");
            client.delete(&format!("silences/{id}")).await?;
            output.print(&json!({ "id": id, "ended_at": now }), |_| format!("{id} has ended"))?;
        }
    }
    Ok(Outcome::Fine)
}

/// What is asked of the API, which holds it against the longest silence that the routes allow.
fn request(
    matchers: &[Matcher],
    (from, length): (Option<Timestamp>, Span),
    owner: Option<&str>,
    reason: &str,
    now: Timestamp,
) -> anyhow::Result<Value> {
    let ends_at = length.after(from.unwrap_or(now)).context("a silence needs an end: give --for such as 2h")?;
    let matchers: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    let mut request = json!({ "matchers": matchers, "reason": reason, "ends_at": ends_at });
    if let Some(from) = from {
        request["starts_at"] = json!(from);
    }
    if let Some(owner) = owner {
        request["by"] = json!(owner);
    }
    Ok(request)
}

fn describe(silences: &[Value], now: Timestamp) -> String {
    if silences.is_empty() {
        return "No silences".to_owned();
    }
    let rows = silences.iter().map(|silence| {
        let matchers = silence["matchers"].as_array().into_iter().flatten().filter_map(Value::as_str);
        [
            text(silence, "id"),
            state(silence, now).to_owned(),
            matchers.collect::<Vec<_>>().join(", "),
            text(silence, "owner"),
            text(silence, "reason"),
            text(silence, "starts_at"),
            text(silence, "ends_at"),
        ]
    });
    table(&["id", "state", "matchers", "owner", "reason", "from", "until"], rows)
}

fn state(silence: &Value, now: Timestamp) -> &'static str {
    let time = |name| silence[name].as_str().and_then(|time| time.parse::<Timestamp>().ok());
    if time("ends_at").is_some_and(|end| end <= now) {
        "ended"
    } else if time("starts_at").is_some_and(|start| start > now) {
        "to come"
    } else {
        "holds"
    }
}

fn text(silence: &Value, name: &str) -> String {
    silence[name].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use nightjar_testkit::now;
    use wiremock::matchers::{body_partial_json, method, path, query_param};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: SilenceArgs,
    }

    async fn asked(server: &MockServer, line: &[&str]) -> anyhow::Result<Outcome> {
        let uri = server.uri();
        let line = [&["silence"], line, &["--api", &uri, "--no-sign", "--token", "a-token"]].concat();
        run(&Line::try_parse_from(line).unwrap().args, Output::new(true)).await
    }

    fn silence() -> Value {
        json!({ "id": "sil_1", "matchers": ["resource=\"i-1\""], "owner": "ops", "reason": "upgrade",
            "starts_at": "2026-01-01T10:00:00Z", "ends_at": "2026-01-01T12:00:00Z" })
    }

    #[tokio::test]
    async fn a_silence_is_set_listed_and_ended_through_the_api() {
        let server = MockServer::start().await;
        let body = json!({ "matchers": ["resource=\"i-1\""], "reason": "upgrade", "by": "ops",
            "starts_at": "2026-01-01T10:00:00Z", "ends_at": "2026-01-01T12:00:00Z" });
        let mocks = [
            (
                Mock::given(method("POST")).and(path("/silences")).and(body_partial_json(body)),
                ResponseTemplate::new(201).set_body_json(silence()),
            ),
            (
                Mock::given(method("GET")).and(path("/silences")).and(query_param("ended", "true")),
                ResponseTemplate::new(200).set_body_json(json!({ "silences": [silence()] })),
            ),
            (Mock::given(method("DELETE")).and(path("/silences/sil_1")), ResponseTemplate::new(204)),
        ];
        for (mock, answer) in mocks {
            mock.respond_with(answer).expect(1).mount(&server).await;
        }
        let add = [
            "add",
            "resource=i-1",
            "--for",
            "2h",
            "--from",
            "2026-01-01T10:00:00Z",
            "--owner",
            "ops",
            "--reason",
            "upgrade",
        ];
        asked(&server, &add).await.unwrap();
        asked(&server, &["list", "--all"]).await.unwrap();
        asked(&server, &["expire", "sil_1"]).await.unwrap();
    }

    #[tokio::test]
    async fn what_the_api_says_against_it_is_told() {
        let server = MockServer::start().await;
        let problem = json!({ "detail": "the silence is longer than a day" });
        Mock::given(method("POST"))
            .respond_with(ResponseTemplate::new(400).set_body_json(problem))
            .mount(&server)
            .await;
        let refused = asked(&server, &["add", "resource=i-1", "--for", "9d", "--reason", "x"]).await.unwrap_err();
        assert!(refused.to_string().contains("longer than a day"), "{refused}");
    }

    #[test]
    fn a_silence_has_an_end() {
        let matchers = ["resource=i-1".parse().unwrap()];
        assert!(request(&matchers, (None, Span::Never), None, "why", now()).is_err());
    }

    #[test]
    fn a_silence_is_to_come_holds_and_ends() {
        for (at, state) in
            [("2026-01-01T09:59:59Z", "to come"), ("2026-01-01T10:00:00Z", "holds"), ("2026-01-01T12:00:00Z", "ended")]
        {
            let told = describe(&[silence()], at.parse().unwrap());
            assert!(told.contains(state) && told.contains("resource=\"i-1\""), "{at}: {told}");
        }
    }
}
