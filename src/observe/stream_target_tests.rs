use std::io::Read as _;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::fs::{OFlags, fcntl_getfl};
use rustix::pipe::{PipeFlags, pipe_with};

use super::*;

/// As if `fd` were the process's stdout.
fn inherited(fd: &OwnedFd) -> StreamTarget {
    let link = format!("/proc/self/fd/{}", fd.as_raw_fd());
    StreamTarget::inherited(fd.as_fd(), Path::new(&link)).unwrap()
}

/// Both ends block, as those that a shell makes do.
fn pipe() -> (File, OwnedFd) {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    (File::from(reader), writer)
}

fn read_some(reader: &mut impl io::Read) -> Vec<u8> {
    let mut bytes = vec![0; 1 << 20];
    let len = reader.read(&mut bytes).unwrap();
    bytes.truncate(len);
    bytes
}

#[test]
fn an_inherited_pipe_stays_blocking_for_others() {
    let (mut reader, fd) = pipe();
    let mut target = inherited(&fd);
    target.write(b"a\nb\n").unwrap();
    assert_eq!(read_some(&mut reader), b"a\nb\n");
    assert!(fcntl_getfl(&target.file).unwrap().contains(OFlags::NONBLOCK));
    assert!(!fcntl_getfl(&fd).unwrap().contains(OFlags::NONBLOCK));
}

#[test]
fn a_reader_that_stalls_is_not_waited_for_and_may_come_back() {
    let (mut reader, fd) = pipe();
    let mut target = inherited(&fd);
    let batch = b"0123456\n".repeat(10_000);
    let lost = target.write(&batch[3..]).unwrap_err();
    assert_eq!(lost.cause.kind(), io::ErrorKind::WouldBlock);
    assert!(target.is_stalled && target.is_mid_line);
    assert_eq!(target.write(b"stalled\n").unwrap_err().lines, 1);
    let taken = read_some(&mut reader);
    assert_eq!(taken.iter().filter(|byte| **byte == b'\n').count() as u64, 10_000 - lost.lines);
    target.write(b"again\n").unwrap();
    assert!(!target.is_stalled && !target.is_mid_line);
    // The line that was cut is ended first, so that the next one can be read.
    assert_eq!(read_some(&mut reader), b"\nagain\n");
}

#[test]
fn a_reader_that_is_slow_gets_everything() {
    let (mut reader, fd) = pipe();
    let mut target = inherited(&fd);
    let batch = b"0123456\n".repeat(50_000);
    let expected = batch.len();
    let writing = std::thread::spawn(move || target.write(&batch).is_ok());
    drop(fd);
    let mut taken = Vec::new();
    reader.read_to_end(&mut taken).unwrap();
    assert!(writing.join().unwrap());
    assert_eq!(taken.len(), expected);
}

#[test]
fn a_reader_that_is_gone_is_an_error() {
    let (reader, fd) = pipe();
    drop(reader);
    let lost = inherited(&fd).write(b"a\nb\n").unwrap_err();
    assert_eq!((lost.lines, lost.cause.kind()), (2, io::ErrorKind::BrokenPipe));
}

#[test]
fn a_socket_is_written_without_waiting() {
    let (mut reader, writer) = UnixStream::pair().unwrap();
    let mut target = inherited(&writer.into());
    assert!(target.is_socket);
    target.write(b"a\n").unwrap();
    assert_eq!(read_some(&mut reader), b"a\n");
    let lost = target.write(&b"0123456\n".repeat(1_000_000)).unwrap_err();
    assert_eq!(lost.cause.kind(), io::ErrorKind::WouldBlock);
}
