//! How a command ended.

use std::process::ExitCode;

/// What a finished command found; a command that could not finish is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is wrong.
    Fine,
    /// Something needs somebody's attention; it has been printed.
    Wrong,
    /// What was to be judged cannot be read, so nothing is known; the text says why.
    Unreadable,
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
            Outcome::Unreadable => Self::from(2),
        }
    }
}

/// The error with its causes, outermost first. A cause that the text before it repeats already, as those of the AWS SDK
/// do, is left out.
pub fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |text, cause| match text.as_str() {
        "" => cause,
        text if text.contains(&cause) => text.to_owned(),
        text => format!("{text}: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cause_is_told_twice() {
        let error = anyhow::anyhow!("refused").context("the service said: refused").context("cannot list");
        assert_eq!(told(&error), "cannot list: the service said: refused");
    }
}
