//! Corelane's measuring instruments: an origin, loads that wrk cannot make, the comparison of
//! proxies, and instruction counts.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    reason = "the methods are kept from the data plane; an instrument reads clocks and may block"
)]

mod browser;
mod certificate;
mod compare;
mod http;
mod load;
mod machine;
#[cfg(feature = "micro")]
mod maps;
#[cfg(feature = "micro")]
mod micro;
mod origin;
mod tls;
mod wire;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[derive(Parser)]
#[command(name = "bench", version, about = "Measures Corelane beside HAProxy and nginx")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The server behind the proxies
    Origin(origin::Args),
    /// The comparison of proxies, scenario by scenario
    Run(compare::Args),
    /// One load on one address
    Load(load::Args),
    /// Instructions that heads, log lines and rules cost, counted by callgrind
    #[cfg(feature = "micro")]
    Micro(micro::Args),
    /// Maps of 100,000 lines: load, look-ups, memory
    #[cfg(feature = "micro")]
    Maps(maps::Args),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Origin(args) => origin::run(&args),
        Command::Run(args) => compare::run(&args),
        Command::Load(args) => load::run(&args),
        #[cfg(feature = "micro")]
        Command::Micro(args) => micro::run(&args),
        #[cfg(feature = "micro")]
        Command::Maps(args) => maps::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
