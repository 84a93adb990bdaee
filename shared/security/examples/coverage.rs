//! Writes the coverage page: `cargo run -p nightjar-security --example coverage > docs/security-coverage.md`.

use std::path::Path;

use nightjar_security::{RuleSet, coverage};

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/security_rules");
    let examples = |name: &str| std::fs::read_to_string(folder.join(name).with_extension("tests.yml")).ok();
    print!("{}", coverage::page(&RuleSet::bundled_files(), examples));
}
