//! TLS but for its bytes: certificates, keys, who is trusted, and what is agreed with whom.
//!
//! Made from files on the main thread, then only read: the shards share it. The bytes of a connection
//! are `io`'s.
//!
//! ```text
//! load ---> bind ---> crt_files, bundle (side_files, ocsp), names      certificates of a bind
//!   |         +-----> policy ---> client_auth, resumption              what is agreed with clients
//!   |         +-----> terminator                                       what a hello gets
//!   +-----> initiator                                                  towards servers
//! ```

mod bind;
mod bundle;
pub mod certificate;
mod client_auth;
mod crt_files;
mod crypto;
pub mod fault;
pub mod initiator;
mod load;
mod names;
mod ocsp;
mod pem;
mod policy;
mod reading;
mod resumption;
mod roots;
mod session_cache;
mod side_files;
mod terminator;
#[cfg(test)]
pub(crate) mod test_pki;
#[cfg(test)]
mod tests;
mod ticket_key;
mod ticket_keys;
mod tickets;

use crate::io::TlsFault;

pub use load::{Contexts, Loaded, ServerContexts, load, reload};
pub use resumption::Resumption;
pub use terminator::Terminator;

/// Why a handshake failed, for a log.
pub fn describe(fault: &TlsFault) -> String {
    match fault {
        TlsFault::Refused(error) => fault::explain(error),
        TlsFault::Closed | TlsFault::Failed(_) => fault.to_string(),
    }
}
