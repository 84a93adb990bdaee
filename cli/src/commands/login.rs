//! `nightjar login`, `logout` and `token`: signing in to an API whose users are in Cognito.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, bail};
use nightjar_aws::clock;
use serde_json::json;

use super::api_client::ApiArgs;
use crate::outcome::Outcome;
use crate::output::Output;
use crate::session::{Answer, Session, Store, pool_of};

#[derive(Debug, clap::Args)]
pub struct LoginArgs {
    /// Your name: the e-mail address that the invitation came to.
    #[arg(long, env = "NIGHTJAR_USER", value_name = "E-MAIL")]
    user: Option<String>,
    #[command(flatten)]
    api: ApiArgs,
}

#[derive(Debug, clap::Args)]
pub struct LogoutArgs {
    #[command(flatten)]
    api: ApiArgs,
}

/// Asks for what is needed: name, password, and what Cognito wants besides. Where standard input is no terminal, each is a line of it.
pub(super) async fn login(args: &LoginArgs, output: Output) -> anyhow::Result<Outcome> {
    let api = args.api.address()?;
    let http = args.api.http()?;
    let pool = pool_of(&http, api, args.api.host()).await?;
    let user = match &args.user {
        Some(user) => user.clone(),
        None => ask("E-mail: ", false)?,
    };
    let mut answer = pool.sign_in(&http, &user, &ask("Password: ", true)?, clock::now()).await?;
    let (access_token, access_until, refresh_token) = loop {
        match answer {
            Answer::Tokens { access_token, access_until, refresh_token } => {
                break (access_token, access_until, refresh_token.context("Cognito gives no token to renew with")?);
            }
            Answer::Challenge { name, session } => {
                let value = match name.as_str() {
                    "NEW_PASSWORD_REQUIRED" => {
                        ask("The password was temporary. New password (12 characters or more): ", true)?
                    }
                    _ => ask("Code of the authenticator: ", false)?,
                };
                answer = pool.respond(&http, &user, (&name, &session), &value, clock::now()).await?;
            }
        }
    };
    let store = Store::of_this_user()?;
    store.put(api, Session { user: user.clone(), pool, access_token, access_until, refresh_token })?;
    let said = json!({ "user": user, "api": api, "kept_in": store.path() });
    output.print(&said, |_| {
        format!("Signed in to {api} as {user}. The sign-in is kept in {}.", store.path().display())
    })?;
    Ok(Outcome::Fine)
}

pub(super) async fn logout(args: &LogoutArgs, output: Output) -> anyhow::Result<Outcome> {
    let api = args.api.address()?;
    let Some(session) = Store::of_this_user()?.remove(api)? else { bail!("nobody is signed in to {api}") };
    // Forgotten here in any case; that Cognito forgets as well may fail, and is told.
    session
        .pool
        .revoke(&args.api.http()?, &session.refresh_token)
        .await
        .context("signed out here, but not at Cognito")?;
    output
        .print(&json!({ "api": api, "user": session.user }), |_| format!("{} is signed out of {api}.", session.user))?;
    Ok(Outcome::Fine)
}

/// Prints an access token, for curl and scripts.
pub(super) async fn token(args: &LogoutArgs, output: Output) -> anyhow::Result<Outcome> {
    let Some(token) = args.api.session_token().await? else {
        bail!("nobody is signed in to {}: nightjar login", args.api.address()?);
    };
    output.print(&json!({ "access_token": token }), |_| token.clone())?;
    Ok(Outcome::Fine)
}

/// A line of standard input; at a terminal it is asked for, and a secret is not echoed.
fn ask(prompt: &str, secret: bool) -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    let at_terminal = stdin.is_terminal();
    if at_terminal {
        eprint!("{prompt}");
        std::io::stderr().flush()?;
    }
    let hidden = secret && at_terminal && echo(false);
    let mut line = String::new();
    let read = stdin.lock().read_line(&mut line);
    if hidden {
        echo(true);
        eprintln!();
    }
    anyhow::ensure!(read? > 0, "{prompt}nothing was given on standard input");
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// Switches the terminal's echo by `stty`, which every Unix has; false where that did not work.
fn echo(on: bool) -> bool {
    let stty = std::process::Command::new("stty").arg(if on { "echo" } else { "-echo" }).status();
    stty.is_ok_and(|status| status.success())
}
