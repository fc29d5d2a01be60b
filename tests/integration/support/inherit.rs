//! Descriptors that a program is started with.

use std::net::TcpListener;
use std::process::Command;

use command_fds::CommandFdExt;

/// Has the program keep these, under their numbers. They live as long as `command`.
pub(crate) fn inherit(command: &mut Command, listeners: Vec<TcpListener>) {
    command.preserved_fds(listeners.into_iter().map(Into::into).collect());
}
