//! `nightjar silence`: what nobody wants to hear of for a while.

use std::path::PathBuf;

use aws_sdk_dynamodb::Client;
use jiff::Timestamp;
use nightjar_aws::clock;
use nightjar_aws::stores::SilenceStore;
use nightjar_domain::id::SilenceId;
use nightjar_domain::routing::{Matcher, Silence, Span};

use super::routes;
use crate::aws::AwsArgs;
use crate::outcome::Outcome;
use crate::output::{Output, table};

#[derive(Debug, clap::Args)]
pub struct SilenceArgs {
    #[command(subcommand)]
    command: SilenceCommand,
    /// The silences table.
    #[arg(long, default_value = "aiops-silences", global = true)]
    table: String,
    /// AWS region; else AWS_REGION or the profile's.
    #[arg(long, global = true)]
    region: Option<String>,
    /// Profile of the AWS configuration; else AWS_PROFILE or `default`.
    #[arg(long, global = true)]
    profile: Option<String>,
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
        /// Who answers for it.
        #[arg(long, env = "USER")]
        owner: String,
        /// Why.
        #[arg(long)]
        reason: String,
        /// Where alert_routes.json is, which says how long a silence may be.
        #[arg(long, default_value = "config")]
        config: PathBuf,
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
    let now = clock::now();
    let aws = AwsArgs { region: args.region.clone(), profile: args.profile.clone() };
    let store = || async { SilenceStore::new(Client::new(&aws.load().await), args.table.clone()) };
    match &args.command {
        SilenceCommand::Add { matchers, length, from, owner, reason, config } => {
            let longest = routes::read(config)?.max_silence;
            let silence = new(matchers, *length, from.unwrap_or(now), owner, reason, longest, now)?;
            store().await.put(&silence).await?;
            output.print(&silence, |silence| format!("{} holds until {}", silence.id, silence.ends_at))?;
        }
        SilenceCommand::List { all } => {
            let mut silences = store().await.all().await?;
            silences.retain(|silence| *all || silence.ends_at > now);
            output.print(&silences, |silences| describe(silences, now))?;
        }
        SilenceCommand::Expire { id } => {
            let parsed = SilenceId::parse(id);
            let known = match &parsed {
                Some(id) => store().await.expire(id, now).await?,
                None => false,
            };
            anyhow::ensure!(known, "there is no silence {id:?}: `nightjar silence list` shows them");
            output.print(&serde_json::json!({ "id": id, "ended_at": now }), |_| format!("{id} has ended"))?;
        }
    }
    Ok(Outcome::Fine)
}

fn new(
    matchers: &[Matcher],
    length: Span,
    from: Timestamp,
    owner: &str,
    reason: &str,
    longest: Span,
    now: Timestamp,
) -> anyhow::Result<Silence> {
    let Some(until) = length.after(from) else { anyhow::bail!("a silence needs an end: give --for such as 2h") };
    Ok(Silence::new(matchers.to_vec(), owner, reason, (from, until), longest, now)?)
}

fn describe(silences: &[Silence], now: Timestamp) -> String {
    if silences.is_empty() {
        return "No silences".to_owned();
    }
    let rows = silences.iter().map(|silence| {
        let matchers: Vec<String> = silence.matchers.iter().map(ToString::to_string).collect();
        let state = if silence.is_active(now) {
            "holds"
        } else if silence.starts_at > now {
            "to come"
        } else {
            "ended"
        };
        [
            silence.id.to_string(),
            state.to_owned(),
            matchers.join(", "),
            silence.owner.clone(),
            silence.reason.clone(),
            silence.starts_at.to_string(),
            silence.ends_at.to_string(),
        ]
    });
    table(&["id", "state", "matchers", "owner", "reason", "from", "until"], rows)
}

#[cfg(test)]
mod tests {
    use nightjar_testkit::now;

    use super::*;

    fn matchers() -> Vec<Matcher> {
        vec!["resource=i-1".parse().unwrap()]
    }

    #[test]
    fn a_silence_has_an_end_and_a_bound() {
        let longest = Span::minutes(60);
        assert!(new(&matchers(), Span::Never, now(), "a", "b", longest, now()).is_err());
        assert!(new(&matchers(), Span::minutes(61), now(), "a", "b", longest, now()).is_err());
        let silence = new(&matchers(), Span::minutes(60), now(), "a", "b", longest, now()).unwrap();
        assert!(describe(std::slice::from_ref(&silence), now()).contains("holds"));
        assert!(describe(std::slice::from_ref(&silence), silence.ends_at).contains("ended"));
    }
}
