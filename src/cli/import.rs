//! `corelane import`: a haproxy.cfg as TOML, and a report of what was done with each line.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use proxy_config::Source;
use proxy_config::import::{self, Options, Verdict};

use crate::cli::{Dialect, in_surroundings, read_all};
use crate::control;

#[derive(Debug, Args)]
pub(super) struct Import {
    /// The haproxy.cfg; several are one configuration
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Where the TOML goes, in place of stdout
    #[arg(short = 'o', long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    dialect: Dialect,
}

impl Import {
    pub(super) fn run(&self) -> ExitCode {
        let Some(sources) = read_all(&self.files) else { return ExitCode::FAILURE };
        let options = Options { is_forced: true, ..self.dialect.options() };
        let import = in_surroundings(|around| import::import(&sources, options, around));
        report(&import, &sources);
        if let Err(error) = self.write(&import.toml) {
            return control::refuse(&[error]);
        }
        let is_sound = !import.diagnostics.iter().any(|diagnostic| diagnostic.is_error());
        if is_sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn write(&self, toml: &str) -> Result<(), String> {
        match &self.output {
            Some(path) => std::fs::write(path, toml)
                .map_err(|error| format!("cannot write {}: {error}", path.display())),
            None => io::stdout()
                .write_all(toml.as_bytes())
                .map_err(|error| format!("cannot write the TOML: {error}")),
        }
    }
}

/// Every line, then what is wrong, then how much of each.
fn report(import: &import::Import, sources: &[Source]) {
    import.notes.iter().for_each(|note| eprintln!("{}", note.render(sources)));
    let colour = io::stderr().is_terminal();
    for diagnostic in import.diagnostics.iter().filter(|found| found.is_error()) {
        eprintln!("{}", diagnostic.render(sources, colour));
    }
    let verdicts = [Verdict::Translated, Verdict::Assumed, Verdict::Ignored, Verdict::NotSupported];
    let counts = verdicts.map(|verdict| {
        let count = import.notes.iter().filter(|note| note.verdict == verdict).count();
        format!("{count} {}", verdict.word())
    });
    eprintln!("{}", counts.join(", "));
}
