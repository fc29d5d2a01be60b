//! All files of a configuration read: at the start, and again when they change.

use std::path::PathBuf;
use std::sync::Arc;

use proxy_config::model::{Backend, Bind, Config, Frontend, Server, ServerAddress, ServerTls};
use rustls::pki_types::UnixTime;

use super::bind::terminator;
use super::initiator::{Initiator, Stamp, files};
use super::reading::Reading;
use super::resumption::Resumption;
use super::terminator::Terminator;

/// What binds and servers speak TLS with; indices are the configuration's.
#[derive(Debug, Default)]
pub struct Contexts {
    /// By frontend and bind; `None`: it is plain.
    pub binds: Vec<Vec<Option<Arc<Terminator>>>>,
    /// By backend and server.
    pub servers: Vec<Vec<ServerContexts>>,
}

/// What a server is spoken to with; `None`: it is plain.
#[derive(Debug, Clone, Default)]
pub struct ServerContexts {
    pub traffic: Option<Arc<Initiator>>,
    pub check: Option<Arc<Initiator>>,
}

/// What came of reading all files.
#[derive(Debug)]
pub struct Loaded {
    pub contexts: Contexts,
    pub warnings: Vec<String>,
    /// Files and folders of which a change is worth a [`reload`], also such as are not there yet.
    pub paths: Vec<PathBuf>,
}

/// Reads all files for the first time.
///
/// # Errors
/// Everything that is wrong.
pub fn load(config: &Config, resumption: &Resumption) -> Result<Loaded, Vec<String>> {
    let (loaded, errors) = reload(config, resumption, &Contexts::default());
    match errors.is_empty() {
        true => Ok(loaded),
        false => Err(errors),
    }
}

/// Reads all files again. A bind or server of which one is broken keeps what it has in `old`, which
/// is of the same configuration; the errors say so.
pub fn reload(config: &Config, resumption: &Resumption, old: &Contexts) -> (Loaded, Vec<String>) {
    let mut load = Load {
        resumption,
        reading: Reading::new(UnixTime::now().as_secs() as i64),
        errors: Vec::new(),
    };
    let terminators = old.binds.iter().flatten().flatten();
    load.reading.know(terminators.flat_map(|old| &old.certificates.bundles));
    let frontends = config.frontends.iter().enumerate();
    let binds = frontends.map(|(at, frontend)| load.binds(frontend, old.binds.get(at))).collect();
    let backends = config.backends.iter().enumerate();
    let servers = backends.map(|(at, backend)| load.servers(backend, old.servers.get(at)));
    let servers = servers.collect();
    let (warnings, paths) = load.reading.into_parts();
    (Loaded { contexts: Contexts { binds, servers }, warnings, paths }, load.errors)
}

struct Load<'a> {
    resumption: &'a Resumption,
    reading: Reading,
    errors: Vec<String>,
}

impl Load<'_> {
    fn binds(
        &mut self,
        frontend: &Frontend,
        old: Option<&Vec<Option<Arc<Terminator>>>>,
    ) -> Vec<Option<Arc<Terminator>>> {
        let old_at = |at: usize| old?.get(at)?.as_ref();
        let binds = frontend.binds.iter().enumerate();
        binds.map(|(at, bind)| self.bind(frontend, bind, old_at(at))).collect()
    }

    fn bind(
        &mut self,
        frontend: &Frontend,
        bind: &Bind,
        old: Option<&Arc<Terminator>>,
    ) -> Option<Arc<Terminator>> {
        let tls = bind.tls.as_ref()?;
        let found = terminator(tls, self.resumption, &mut self.reading);
        let place = || format!("frontend `{}`, bind `{}`", frontend.name, bind.text);
        self.or_old(found, old, place)
    }

    fn servers(
        &mut self,
        backend: &Backend,
        old: Option<&Vec<ServerContexts>>,
    ) -> Vec<ServerContexts> {
        let old_at = |at: usize| old?.get(at);
        let servers = backend.servers.iter().enumerate();
        servers.map(|(at, server)| self.server(backend, server, old_at(at))).collect()
    }

    fn server(
        &mut self,
        backend: &Backend,
        server: &Server,
        old: Option<&ServerContexts>,
    ) -> ServerContexts {
        let place = |of: &str| format!("backend `{}`, server `{}`{of}", backend.name, server.name);
        let traffic = self.initiator(
            server.tls.as_deref(),
            &server.address,
            old.and_then(|old| old.traffic.as_ref()),
            || place(""),
        );
        let check_tls = server.check.as_ref().and_then(|check| check.tls.as_deref());
        // Checks are mostly as the traffic is: what is broken in both is said once.
        if check_tls.is_some() && check_tls == server.tls.as_deref() {
            return ServerContexts { check: traffic.clone(), traffic };
        }
        let old = old.and_then(|old| old.check.as_ref());
        let check = self.initiator(check_tls, &server.address, old, || place(", check"));
        ServerContexts { traffic, check }
    }

    fn initiator(
        &mut self,
        tls: Option<&ServerTls>,
        address: &ServerAddress,
        old: Option<&Arc<Initiator>>,
        place: impl Fn() -> String,
    ) -> Option<Arc<Initiator>> {
        let tls = tls?;
        // Also those that are not reached today, because another one is broken.
        files(tls).iter().for_each(|file| self.reading.watch(file));
        let stamp = Stamp::of(tls);
        // What is as it was stays: its connections and sessions would be lost with it.
        if let Some(old) = old.filter(|old| old.stamp == stamp) {
            return Some(Arc::clone(old));
        }
        let found = Initiator::load(tls, &host(address), stamp, &mut self.reading);
        self.or_old(found.map_err(|error| vec![error]), old, place)
    }

    /// What was found, or what there was, with the errors told.
    fn or_old<T>(
        &mut self,
        found: Result<T, Vec<String>>,
        old: Option<&Arc<T>>,
        place: impl Fn() -> String,
    ) -> Option<Arc<T>> {
        let errors = match found {
            Ok(new) => return Some(Arc::new(new)),
            Err(errors) => errors,
        };
        let kept = old.map_or("", |_| "; what it had before stays in use");
        self.errors.extend(errors.iter().map(|error| format!("{}: {error}{kept}", place())));
        old.cloned()
    }
}

/// The host of a server's address, whose name it must have; empty if it has none.
fn host(address: &ServerAddress) -> String {
    match address {
        ServerAddress::Tcp(address) => address.ip().to_string(),
        ServerAddress::Name { host, .. } => host.clone(),
        ServerAddress::Unix(_) => String::new(),
    }
}
