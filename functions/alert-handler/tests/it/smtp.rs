//! Mail through a relay: a server that speaks as much SMTP as a relay must, on a loopback port.

use std::sync::{Arc, Mutex};

use nightjar_alert_handler::handler::handle;
use nightjar_domain::routing::Routes;
use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::store::Simulated;
use crate::support::{Claims, Receivers, Tables, fixture, now};

/// What the relay was told, line by line, and its port.
struct Relay {
    port: u16,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    /// A relay that answers `refusal` to the recipient, or takes everything.
    async fn start(refusal: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let told = Arc::clone(&lines);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                talk(stream, refusal, &told).await;
            }
        });
        Self { port, lines }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

async fn talk(stream: TcpStream, refusal: Option<&str>, told: &Mutex<Vec<String>>) {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 relay\r\n").await.unwrap();
    let mut in_data = false;
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        let text = line.trim_end().to_owned();
        line.clear();
        told.lock().unwrap().push(text.clone());
        let answer = match text.split([' ', ':']).next().unwrap_or_default() {
            _ if in_data && text != "." => continue,
            "." => "250 taken",
            "EHLO" => "250-relay\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
            "AUTH" => "235 welcome",
            "RCPT" => refusal.unwrap_or("250 fine"),
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 fine",
        };
        in_data = answer.starts_with("354");
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
    }
}

fn routes(server: &str) -> Routes {
    let document = json!({
        "route": { "receiver": "ops", "group_by": ["incident"], "group_wait": "0s" },
        "receivers": { "ops": { "channels": [{
            "type": "smtp", "server": { "env": server },
            "from": "Nightjar <nightjar@example.com>", "to": ["oncall@example.com", "Second Line <second@example.com>"],
        }] } },
    });
    Routes::parse(&document.to_string(), r#"{"products": {}}"#).unwrap()
}

/// The summary of an incident's notification, as (sent, failed), and the groups.
async fn told(server: &str) -> (u32, u32, Simulated) {
    let (tables, groups) = (Tables::new(Claims::Free), Simulated::default());
    let receivers = Receivers::answering(200).await;
    let context = receivers.context_with_env(&tables, groups.clone(), routes("SMTP_SERVER"), ("SMTP_SERVER", server));
    let summary = handle(&context, fixture("incident"), now()).await.unwrap();
    (summary.sent, summary.failed, groups)
}

#[tokio::test]
async fn a_mail_reads_well_and_is_told_from_a_repeat() {
    let relay = Relay::start(None).await;
    let (sent, failed, _) = told(&format!("smtp://user:p%40ss@127.0.0.1:{}", relay.port)).await;
    assert_eq!((sent, failed), (1, 0));
    let lines = relay.lines();
    let has = |start: &str| lines.iter().any(|line| line.starts_with(start));
    // Base64 of "\0user\0p@ss": what was percent-encoded in the URL is not, here.
    assert!(has("AUTH PLAIN AHVzZXIAcEBzcw=="), "{lines:#?}");
    for start in [
        "MAIL FROM:<nightjar@example.com>",
        "RCPT TO:<oncall@example.com>",
        "RCPT TO:<second@example.com>",
        "From: Nightjar <nightjar@example.com>",
        "Subject: [HIGH] ",
        "Content-Type: text/plain; charset=utf-8",
        "Message-ID: <ntf_",
        "References: <grp_",
        "In-Reply-To: <grp_",
        "Date: Sat, 21 Nov 2026 10:00:00 +0000",
    ] {
        assert!(has(start), "{start} is missing in {lines:#?}");
    }
}

#[rstest]
#[case::for_now("450 mailbox busy")]
#[case::for_good("550 no such user")]
#[tokio::test]
async fn what_a_relay_refuses_is_tried_again(#[case] refusal: &'static str) {
    let relay = Relay::start(Some(refusal)).await;
    let (sent, failed, groups) = told(&format!("smtp://127.0.0.1:{}", relay.port)).await;
    assert_eq!((sent, failed), (0, 1));
    assert!(groups.next_due().is_some_and(|at| at > now()), "it is due again");
}

#[tokio::test]
async fn without_encryption_where_it_is_asked_for_nothing_is_sent() {
    let relay = Relay::start(None).await;
    for server in [format!("smtp://127.0.0.1:{}?tls=required", relay.port), format!("smtps://127.0.0.1:{}", relay.port)]
    {
        let (sent, failed, _) = told(&server).await;
        assert_eq!((sent, failed), (0, 1), "{server}");
    }
    assert!(
        !relay.lines().iter().any(|line| line.starts_with("MAIL") || line.starts_with("AUTH")),
        "{:?}",
        relay.lines()
    );
}
