//! Anchors and keys from files.

use std::path::Path;

use anyhow::{Context as _, bail};
use nightjar_domain::audit::{NamedAnchor, PublicKey};

/// Every `.json` file of a folder, as the bucket holds them below `anchors/`.
pub(super) fn read_folder(folder: &Path) -> anyhow::Result<Vec<NamedAnchor>> {
    let mut anchors = Vec::new();
    let files = std::fs::read_dir(folder).with_context(|| format!("--anchors {} cannot be read", folder.display()))?;
    for file in files {
        let path = file.with_context(|| format!("--anchors {} cannot be read", folder.display()))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            let anchor = serde_json::from_str(&text).with_context(|| format!("{} is no anchor", path.display()))?;
            anchors.push(NamedAnchor { name, anchor });
        }
    }
    if anchors.is_empty() {
        bail!("--anchors {} holds no anchor: the bucket keeps them as anchors/*.json", folder.display());
    }
    Ok(anchors)
}

pub(super) fn read_key(file: &Path) -> anyhow::Result<PublicKey> {
    let pem =
        std::fs::read_to_string(file).with_context(|| format!("--public-key {} cannot be read", file.display()))?;
    PublicKey::from_pem(&pem).with_context(|| format!("--public-key {} cannot be used", file.display()))
}
