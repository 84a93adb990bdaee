//! Embeds the rules of `config/security_rules`, so that a function and the CLI carry them without a file system.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    // Relative to the package, where cargo runs this, and read here: clones that share a target folder never see each other's rules.
    let root = Path::new("../../config/security_rules");
    let mut files = Vec::new();
    walk(root, &mut files)?;
    files.sort();

    let mut code = String::from("pub(super) const RULES: &[(&str, &str)] = &[\n");
    for file in &files {
        let name = file.strip_prefix(root).unwrap_or(file).display().to_string();
        let rule = fs::read_to_string(file)?;
        writeln!(code, "    ({name:?}, {rule:?}),").map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&out).join("rules.rs"), code)
}

/// Rules, and not the example events beside them.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let examples =
            path.file_stem().is_some_and(|stem| Path::new(stem).extension().is_some_and(|ending| ending == "tests"));
        if path.is_dir() {
            walk(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "yml") && !examples {
            files.push(path);
        }
    }
    Ok(())
}
