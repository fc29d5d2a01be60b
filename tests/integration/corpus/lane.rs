//! A lane: an origin and a proxy in front of it, for one case after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::case::{Case, Config, End, Transport};
use super::client::play;
use super::origin::Origin;
use super::verdict::judge;
use crate::support::{Dir, Pace, Proxy};

pub(super) struct Lane {
    origin: Origin,
    /// For cases that ask for no configuration of their own.
    proxy: Proxy,
    /// Where the sockets are.
    _dir: Dir,
}

impl Lane {
    pub(super) fn start() -> Self {
        let dir = Dir::new();
        let origin = Origin::start(&dir);
        let proxy = Proxy::start(&config(&Config::default(), &origin, &dir));
        Self { origin, proxy, _dir: dir }
    }

    /// Runs a case. Returns a report when it fails.
    pub(super) fn run(&self, case: &Arc<Case>, pace: Pace) -> Option<String> {
        let attempt = catch_unwind(AssertUnwindSafe(|| self.try_run(case, pace)));
        attempt.unwrap_or_else(|_| Some("  the run itself failed: see above\n".into()))
    }

    /// Stops the proxy, which must have nothing left to do. Returns a report when it has.
    pub(super) fn stop(self) -> Option<String> {
        let stopped = catch_unwind(AssertUnwindSafe(|| drop(self)));
        stopped.is_err().then(|| "the proxy of a lane does not drain: see above\n".into())
    }

    fn try_run(&self, case: &Arc<Case>, pace: Pace) -> Option<String> {
        let own_dir = Dir::new();
        let own = (case.config != Config::default())
            .then(|| Proxy::start(&config(&case.config, &self.origin, &own_dir)));
        let proxy = own.as_ref().unwrap_or(&self.proxy);
        let frontend = match transport(case, pace) {
            Transport::Tcp => "web",
            Transport::Unix => "near",
        };
        let scene = self.origin.begin(case, pace);
        let received = play(case, &scene, pace, proxy.address(frontend));
        // With it end the connections that it keeps.
        drop(own);
        let record = self.origin.end(&scene);
        judge(case, &received, &record)
    }
}

/// Whether a byte was read shows on UNIX sockets only, a reset on TCP only.
fn transport(case: &Case, pace: Pace) -> Transport {
    let usual = match pace {
        _ if case.end == End::Reset => Transport::Tcp,
        Pace::Whole => Transport::Tcp,
        Pace::Bytes => Transport::Unix,
    };
    case.transport.unwrap_or(usual)
}

/// Two ways through the proxy: `web` from TCP to TCP, `near` from UNIX to UNIX sockets.
fn config(extra: &Config, origin: &Origin, dir: &Dir) -> String {
    let Config { global, frontend, backend } = extra;
    let reuse = match backend.contains("http-reuse") {
        true => "",
        // A connection to the origin ends with the case.
        false => "http-reuse = \"never\"\n",
    };
    let client = dir.file("client");
    let binds = ["127.0.0.1:0".to_owned(), format!("unix:{}", client.display())];
    let servers = [origin.tcp(), origin.unix()];
    let mut text = format!("[global]\nshards = 1\n{global}");
    for ((name, bind), server) in ["web", "near"].into_iter().zip(binds).zip(servers) {
        text += &format!(
            "[frontend.{name}]\nbind = \"{bind}\"\ndefault-backend = \"{name}-origin\"\n{frontend}\
             [backend.{name}-origin]\n{reuse}{backend}\
             server = [{{ name = \"origin\", address = \"{server}\" }}]\n"
        );
    }
    text
}
