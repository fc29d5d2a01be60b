//! The program: the command line, handed to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    corelane::cli::main()
}
