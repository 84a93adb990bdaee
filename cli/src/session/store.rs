//! The file with the sessions.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use nightjar_aws::settings::Environment;

use super::Session;

/// Sessions by the address of their API.
#[derive(Debug, Clone)]
pub struct Store {
    file: PathBuf,
}

impl Store {
    /// Below the folder that the OS has for configuration: `$XDG_CONFIG_HOME` or `~/.config`, `~/Library/Application Support` on macOS,
    /// `%APPDATA%` on Windows.
    pub fn of_this_user() -> anyhow::Result<Self> {
        let environment = Environment::process();
        let home = |rest: &str| environment.optional("HOME").map(|home| Path::new(&home).join(rest));
        let folder = if cfg!(windows) {
            environment.optional("APPDATA").map(PathBuf::from)
        } else if cfg!(target_os = "macos") {
            home("Library/Application Support")
        } else {
            let set = environment.optional("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
            set.or_else(|| home(".config"))
        };
        let folder = folder.context("there is no folder for the sign-in: neither HOME nor XDG_CONFIG_HOME is set")?;
        Ok(Self::at(folder.join("nightjar").join("sessions.json")))
    }

    pub fn at(file: PathBuf) -> Self {
        Self { file }
    }

    pub fn path(&self) -> &Path {
        &self.file
    }

    pub fn get(&self, api: &str) -> anyhow::Result<Option<Session>> {
        Ok(self.read()?.remove(&key(api)))
    }

    pub fn put(&self, api: &str, session: Session) -> anyhow::Result<()> {
        let mut sessions = self.read()?;
        sessions.insert(key(api), session);
        self.write(&sessions)
    }

    /// The session that was there.
    pub fn remove(&self, api: &str) -> anyhow::Result<Option<Session>> {
        let mut sessions = self.read()?;
        let removed = sessions.remove(&key(api));
        if removed.is_some() {
            self.write(&sessions)?;
        }
        Ok(removed)
    }

    fn read(&self) -> anyhow::Result<BTreeMap<String, Session>> {
        match std::fs::read(&self.file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .with_context(|| format!("{} cannot be read: remove it and sign in again", self.file.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
            Err(error) => Err(error).with_context(|| self.file.display().to_string()),
        }
    }

    /// Written beside and moved into place: a file that is half written would be a sign-in lost.
    fn write(&self, sessions: &BTreeMap<String, Session>) -> anyhow::Result<()> {
        let what = || format!("{} cannot be written", self.file.display());
        let folder = self.file.parent().context("a file without a folder")?;
        std::fs::create_dir_all(folder).with_context(what)?;
        let draft = self.file.with_extension(format!("{}.draft", std::process::id()));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft).with_context(what)?;
        file.write_all(&serde_json::to_vec_pretty(sessions)?).with_context(what)?;
        file.sync_all().with_context(what)?;
        std::fs::rename(&draft, &self.file).with_context(what)
    }
}

fn key(api: &str) -> String {
    api.trim_end_matches('/').to_owned()
}
