//! Files that change in each way that is known of, on a real file system.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::*;
use crate::tls::test_pki::Folder;

/// Until a change must have been told.
const DEADLINE: Duration = Duration::from_secs(20);
/// In which a change that is none would be told.
const SILENCE: Duration = Duration::from_millis(600);

struct Watched {
    watch: Watch,
    changes: Receiver<()>,
}

impl Watched {
    fn new(paths: &[&Path]) -> Self {
        let (sender, changes) = channel();
        Self { watch: Watch::start(vec![owned(paths)], tell(sender)).unwrap(), changes }
    }

    /// How often it was told: more than once if what changed was slow.
    #[track_caller]
    fn assert_change(&self) -> usize {
        self.changes.recv_timeout(DEADLINE).expect("no change was told");
        1 + std::iter::from_fn(|| self.changes.recv_timeout(SILENCE).ok()).count()
    }

    #[track_caller]
    fn assert_silence(&self) {
        let told = self.changes.recv_timeout(SILENCE);
        assert_eq!(
            told,
            Err(RecvTimeoutError::Timeout),
            "a change was told, or the thread is gone"
        );
    }
}

fn owned(paths: &[&Path]) -> Vec<PathBuf> {
    paths.iter().map(|path| path.to_path_buf()).collect()
}

fn tell(sender: Sender<()>) -> impl FnMut(usize) + Send {
    move |_| sender.send(()).unwrap()
}

#[test]
fn a_file_written_anew_is_a_change() {
    let folder = Folder::new();
    let (path, beside) = (folder.file("a.pem", "one"), folder.file("b.pem", "one"));
    let watched = Watched::new(&[&path]);
    folder.file("a.pem", "two");
    watched.assert_change();
    folder.file("a.pem", "three");
    watched.assert_change();
    fs::write(beside, "two").unwrap();
    folder.file("c.pem", "new");
    watched.assert_silence();
}

#[test]
fn a_file_replaced_by_another_is_a_change() {
    let folder = Folder::new();
    let path = folder.file("a.pem", "one");
    let watched = Watched::new(&[&path]);
    for text in ["two", "thr"] {
        fs::rename(folder.file(".a.pem.new", text), &path).unwrap();
        watched.assert_change();
    }
}

#[test]
fn a_file_read_or_touched_elsewhere_is_none() {
    let folder = Folder::new();
    let path = folder.file("a.pem", "one");
    let watched = Watched::new(&[&path, folder.path()]);
    fs::read(&path).unwrap();
    fs::read_dir(folder.path()).unwrap().count();
    watched.assert_silence();
}

#[test]
fn a_file_may_go_and_come() {
    let folder = Folder::new();
    let path = folder.file("a.pem", "one");
    let watched = Watched::new(&[&path]);
    fs::remove_file(&path).unwrap();
    watched.assert_change();
    folder.file("a.pem", "one");
    watched.assert_change();
}

#[test]
fn a_file_that_becomes_readable_is_a_change() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let path = folder.file("a.pem", "one");
    let watched = Watched::new(&[&path]);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    watched.assert_change();
}

#[test]
fn folders_may_go_and_come() {
    let folder = Folder::new();
    let deep = folder.path().join("x/y");
    fs::create_dir_all(&deep).unwrap();
    let path = deep.join("a.pem");
    fs::write(&path, "one").unwrap();
    let watched = Watched::new(&[&path]);
    fs::rename(folder.path().join("x"), folder.path().join("old")).unwrap();
    watched.assert_change();
    fs::create_dir_all(&deep).unwrap();
    fs::write(&path, "two").unwrap();
    watched.assert_change();
    fs::write(&path, "three").unwrap();
    watched.assert_change();
    fs::write(folder.path().join("old/y/a.pem"), "four").unwrap();
    watched.assert_silence();
}

#[test]
fn files_of_a_folder_are_watched() {
    let folder = Folder::new();
    folder.file("a.pem", "one");
    let watched = Watched::new(&[folder.path()]);
    let added = folder.file("b.pem", "one");
    watched.assert_change();
    folder.file("b.pem", "two");
    watched.assert_change();
    fs::remove_file(added).unwrap();
    watched.assert_change();
    fs::create_dir(folder.path().join("below")).unwrap();
    fs::write(folder.path().join("below/c.pem"), "one").unwrap();
    watched.assert_silence();
}

/// As Kubernetes does: the file is a link through a link, which is switched.
#[test]
fn a_switched_link_on_the_way_is_a_change() {
    let folder = Folder::new();
    for version in ["1", "2"] {
        fs::create_dir(folder.path().join(version)).unwrap();
        fs::write(folder.path().join(version).join("tls.crt"), "same").unwrap();
    }
    symlink("1", folder.path().join("..data")).unwrap();
    let path = folder.path().join("tls.crt");
    symlink("..data/tls.crt", &path).unwrap();
    let watched = Watched::new(&[&path]);
    for version in ["2", "1"] {
        symlink(version, folder.path().join("..data_tmp")).unwrap();
        fs::rename(folder.path().join("..data_tmp"), folder.path().join("..data")).unwrap();
        watched.assert_change();
        fs::write(folder.path().join(version).join("tls.crt"), version).unwrap();
        watched.assert_change();
    }
    fs::remove_dir_all(folder.path().join("2")).unwrap();
    watched.assert_silence();
}

/// As certbot does: the file is a link into an archive.
#[test]
fn a_switched_link_to_the_file_is_a_change() {
    let (live, archive) = (Folder::new(), Folder::new());
    let (one, two) = (archive.file("cert1.pem", "same"), archive.file("cert2.pem", "same"));
    let path = live.path().join("cert.pem");
    symlink(&one, &path).unwrap();
    // As a file, and as one of its folder.
    let (watched, all) = (Watched::new(&[&path]), Watched::new(&[live.path()]));
    let assert_change = || {
        watched.assert_change();
        all.assert_change();
    };
    fs::remove_file(&path).unwrap();
    symlink(&two, &path).unwrap();
    assert_change();
    fs::write(&two, "other").unwrap();
    assert_change();
    fs::write(&one, "other").unwrap();
    watched.assert_silence();
    all.assert_silence();
}

#[test]
fn links_in_a_ring_are_survived() {
    let folder = Folder::new();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    symlink(&two, &one).unwrap();
    symlink(&one, &two).unwrap();
    let watched = Watched::new(&[&one]);
    watched.assert_silence();
    fs::remove_file(&two).unwrap();
    fs::write(&two, "text").unwrap();
    watched.assert_change();
}

#[test]
fn changes_in_a_row_are_one() {
    let folder = Folder::new();
    let paths: Vec<_> =
        (0..50).map(|number| folder.file(&format!("{number}.pem"), "one")).collect();
    let watched = Watched::new(&paths.iter().map(PathBuf::as_path).collect::<Vec<_>>());
    for path in &paths {
        fs::write(path, "two").unwrap();
    }
    assert!(watched.assert_change() < 5);
}

#[test]
fn changes_without_end_are_told() {
    let folder = Folder::new();
    let path = folder.file("a.pem", "one");
    let watched = Watched::new(&[&path]);
    let (stop, stopped) = channel::<()>();
    let writer = std::thread::spawn(move || {
        let tick = Duration::from_millis(20);
        while stopped.recv_timeout(tick) == Err(RecvTimeoutError::Timeout) {
            fs::write(&path, "two").unwrap();
        }
    });
    watched.changes.recv_timeout(DEADLINE).expect("it is still gathered");
    drop(stop);
    writer.join().unwrap();
}

#[test]
fn other_paths_can_be_set() {
    let folder = Folder::new();
    let (one, two) = (folder.file("one.pem", "one"), folder.path().join("below/two.pem"));
    fs::create_dir(folder.path().join("below")).unwrap();
    fs::write(&two, "one").unwrap();
    let watched = Watched::new(&[&one]);
    watched.watch.set_paths(0, owned(&[&two]));
    watched.assert_silence();
    fs::write(&one, "two").unwrap();
    watched.assert_silence();
    fs::write(&two, "two").unwrap();
    watched.assert_change();
}

#[test]
fn dropping_it_ends_the_thread() {
    let folder = Folder::new();
    let Watched { watch, changes } = Watched::new(&[&folder.file("a.pem", "one")]);
    drop(watch);
    assert_eq!(changes.recv_timeout(DEADLINE), Err(RecvTimeoutError::Disconnected));
}

/// Many other files change while a change is told, so that what happens after them is not.
#[test]
fn what_the_kernel_had_no_room_for_is_a_change() {
    let queue = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let queue: usize = queue.trim().parse().unwrap();
    let folder = Folder::new();
    let (path, noise) = (folder.file("a.pem", "one"), folder.path().join("noise"));
    let (told, changes) = channel();
    let (go_on, gone_on) = channel::<()>();
    let _watch = Watch::start(vec![vec![path.clone()]], move |_| {
        told.send(()).unwrap();
        let _ = gone_on.recv_timeout(DEADLINE);
    });
    fs::write(&path, "two").unwrap();
    changes.recv_timeout(DEADLINE).unwrap();
    // Two events at least.
    for _ in 0..queue / 2 + 1 {
        fs::write(&noise, "").unwrap();
        fs::remove_file(&noise).unwrap();
    }
    fs::write(&path, "three").unwrap();
    drop(go_on);
    changes.recv_timeout(DEADLINE).expect("a change was lost");
}

/// Where the kernel refuses to watch, here as it is given something else.
#[test]
fn without_the_kernel_files_are_compared() {
    let folder = Folder::new();
    let path = folder.file("a.pem", "one");
    let bell = || eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).unwrap();
    let wishes = Arc::new(Wishes { latest: Mutex::default(), bell: bell() });
    let (told, changes) = channel();
    let mut watcher = Watcher::new(bell(), wishes, tell(told));
    watcher.take(vec![vec![path.clone()]]);
    assert!(watcher.is_blind && watcher.has_complained);
    watcher.compare();
    assert!(changes.try_recv().is_err());
    fs::write(&path, "two").unwrap();
    watcher.compare();
    assert!(changes.try_recv().is_ok());
}

#[test]
fn only_the_group_of_a_changed_file_is_told() {
    let folder = Folder::new();
    let (one, other) = (folder.file("a.pem", "one"), folder.file("b.map", "one"));
    let (sender, changes) = channel();
    let tell = move |group| sender.send(group).unwrap();
    let watch = Watch::start(vec![vec![one], vec![other]], tell).unwrap();
    folder.file("b.map", "two");
    assert_eq!(changes.recv_timeout(DEADLINE), Ok(1));
    assert_eq!(changes.recv_timeout(SILENCE), Err(RecvTimeoutError::Timeout));
    folder.file("a.pem", "two");
    assert_eq!(changes.recv_timeout(DEADLINE), Ok(0));
    drop(watch);
    assert_eq!(changes.recv_timeout(DEADLINE), Err(RecvTimeoutError::Disconnected));
}
