//! Files below a folder, in the order of their names.

use std::path::{Path, PathBuf};

/// A file or folder that cannot be read.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) path: String,
    pub(super) reason: String,
}

fn unreadable(path: &Path, error: &std::io::Error) -> Unreadable {
    Unreadable { path: path.display().to_string(), reason: format!("cannot be read: {error}") }
}

/// `path` itself if it is a file, whatever its name; else every file below it that `wanted` takes.
pub(super) fn below(path: &Path, wanted: fn(&str) -> bool) -> Vec<Result<PathBuf, Unreadable>> {
    if !path.is_dir() {
        return vec![Ok(path.to_owned())];
    }
    let entries = match std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries,
        Err(error) => return vec![Err(unreadable(path, &error))],
    };
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.sort();
    let take = |path: &PathBuf| path.is_dir() || path.file_name().is_some_and(|name| wanted(&name.to_string_lossy()));
    // A link to a folder is not followed: it could lead back here.
    paths
        .into_iter()
        .filter(|path| !(path.is_symlink() && path.is_dir()) && take(path))
        .flat_map(|path| below(&path, wanted))
        .collect()
}

/// Rules, and not the example events beside them.
pub(super) fn is_rule(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let examples = name.ends_with(".tests.yml") || name.ends_with(".tests.yaml");
    [".yml", ".yaml"].iter().any(|ending| name.ends_with(ending)) && !examples
}

/// Everything but hidden files may hold events.
pub(super) fn is_events(name: &str) -> bool {
    !name.starts_with('.')
}

pub(super) fn text(path: &Path) -> Result<(String, String), Unreadable> {
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    Ok((path.display().to_string(), text))
}

pub(super) fn bytes(path: &Path) -> Result<Vec<u8>, Unreadable> {
    std::fs::read(path).map_err(|error| unreadable(path, &error))
}
