//! The rules of `config/security_rules`, embedded by `build.rs`.

include!(concat!(env!("OUT_DIR"), "/rules.rs"));
