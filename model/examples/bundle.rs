//! Trains the model that the crate ships: `cargo run -p nightjar-model --example bundle -- PATH TRAINED_AT`.

use std::process::ExitCode;

use nightjar_model::synthetic;
use nightjar_model::train::{TrainOptions, train};

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(path), Some(trained_at)) = (args.next(), args.next()) else {
        eprintln!("usage: bundle PATH TRAINED_AT(RFC 3339)");
        return ExitCode::FAILURE;
    };
    let options = TrainOptions { trained_at, ..TrainOptions::default() };
    let written = train(&synthetic::fleet(60), &options)
        .and_then(|artifact| Ok((artifact.to_bytes()?, artifact.provenance)))
        .map_err(|error| error.to_string())
        .and_then(|(bytes, provenance)| {
            std::fs::write(&path, &bytes).map_err(|error| error.to_string())?;
            Ok((bytes.len(), provenance))
        });
    match written {
        Ok((bytes, provenance)) => {
            println!("{path}: {bytes} bytes, {provenance:?}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
