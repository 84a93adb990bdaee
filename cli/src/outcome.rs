//! How a command ended.

use std::process::ExitCode;

/// What a finished command found; a command that could not finish is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is wrong.
    Fine,
    /// Something needs somebody's attention; it has been printed.
    Wrong,
}

impl Outcome {
    /// Fine if `condition` holds.
    pub fn fine_if(condition: bool) -> Self {
        if condition { Self::Fine } else { Self::Wrong }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Fine => Self::SUCCESS,
            Outcome::Wrong => Self::FAILURE,
        }
    }
}
