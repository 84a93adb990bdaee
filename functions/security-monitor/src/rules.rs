//! The rules that come with Nightjar, and those that lie beside the program in its package.

use std::path::Path;

use nightjar_security::RuleSet;
use nightjar_security::rules::{RuleFile, RuleProblem};

/// The folder of the package that holds further rules, of one's own or the community's.
const FOLDER: &str = "security_rules";
/// Deeper folders are not looked into.
const DEPTH: usize = 8;

/// The rules, and the files that could not be read. A rule beside the program replaces a bundled one with the same id.
pub fn load(package: Option<&Path>) -> (RuleSet, Vec<RuleProblem>) {
    let (mut files, mut problems) = (RuleSet::bundled_files(), Vec::new());
    if let Some(folder) = package.map(|package| package.join(FOLDER)).filter(|folder| folder.is_dir()) {
        collect(&folder, &folder, DEPTH, &mut files, &mut problems);
    }
    (RuleSet::load(files), problems)
}

fn collect(root: &Path, folder: &Path, depth: usize, files: &mut Vec<RuleFile>, problems: &mut Vec<RuleProblem>) {
    let name = |path: &Path| {
        let inner = path.strip_prefix(root).unwrap_or(path);
        format!("{FOLDER}/{}", inner.display())
    };
    let mut unreadable = |path: &Path, error: &std::io::Error| {
        problems.push(RuleProblem { file: name(path), rule: None, reason: format!("cannot be read: {error}") });
    };
    let mut paths: Vec<_> = match std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
        Ok(entries) => entries.into_iter().map(|entry| entry.path()).collect(),
        Err(error) => return unreadable(folder, &error),
    };
    paths.sort();
    for path in paths {
        let file_name = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        let examples = [".tests.yml", ".tests.yaml"].iter().any(|ending| file_name.ends_with(ending));
        if path.is_dir() && depth > 0 {
            collect(root, &path, depth - 1, files, problems);
        } else if [".yml", ".yaml"].iter().any(|ending| file_name.ends_with(ending)) && !examples {
            match std::fs::read_to_string(&path) {
                Ok(text) => files.push(RuleFile { name: name(&path), text }),
                Err(error) => {
                    let reason = format!("cannot be read: {error}");
                    problems.push(RuleProblem { file: name(&path), rule: None, reason });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "title: Mine\nid: mine\nlogsource: {product: aws}\ndetection:\n  a: {eventName: X}\n  condition: a\nlevel: low\n";

    #[test]
    fn rules_beside_the_program_join_and_a_bad_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(FOLDER).join("community");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("mine.yml"), RULE).unwrap();
        std::fs::write(folder.join("mine.tests.yml"), "positive: []").unwrap();
        std::fs::write(folder.join("bad.yml"), RULE.replace("condition: a", "condition: b")).unwrap();
        std::fs::write(folder.join("binary.yml"), [0xff, 0xfe, 0x00]).unwrap();
        let (set, unreadable) = load(Some(dir.path()));
        assert!(set.info("mine").is_some());
        assert_eq!(set.infos().len(), RuleSet::bundled().infos().len() + 1);
        assert_eq!(set.problems().len(), 1);
        assert_eq!(set.problems()[0].file, "security_rules/community/bad.yml");
        assert_eq!(unreadable[0].file, "security_rules/community/binary.yml");
    }

    #[test]
    fn a_package_without_the_folder_is_fine() {
        let dir = tempfile::tempdir().unwrap();
        for package in [Some(dir.path()), None] {
            assert_eq!(load(package).0.infos().len(), RuleSet::bundled().infos().len());
        }
    }
}
