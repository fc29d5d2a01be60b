//! What a request must be, beyond its syntax, before a server is asked.

use proxy_config::model::RestrictNames;

use super::Stream;
use crate::connect::Fault;
use crate::observe::StreamEnd;
use crate::proto::h1::is_plain_name;
use crate::proto::websocket;
use crate::session::Session;

impl Stream {
    /// Answers what is the proxy's own to answer, and refuses what no server is to see.
    pub(super) fn normalise(&mut self, session: &Session) -> Result<(), Fault> {
        let config = session.config();
        if let Some(uri) = &config.monitor_uri
            && self.request.target.of(&self.request_bytes) == uri.as_bytes()
        {
            self.progress.is_unlogged = true;
            return Err(Fault::new(StreamEnd::LOCAL_REQUEST, 200));
        }
        let checked = websocket::check_request(&self.request, &self.request_bytes, config.lenient);
        self.progress.is_websocket =
            checked.map_err(|error| Fault::new(StreamEnd::PROXY_REQUEST, error.status()))?;
        self.restrict_names(session, config.restrict_names)
    }

    /// `option.http-restrict-req-hdr-names`: what a server behind CGI could take for another field.
    pub(super) fn restrict_names(
        &mut self,
        session: &Session,
        restrict: RestrictNames,
    ) -> Result<(), Fault> {
        if restrict == RestrictNames::Preserve {
            return Ok(());
        }
        let (request, bytes) = (&mut self.request, &self.request_bytes);
        let before = request.fields.len();
        request.fields.retain(|field| is_plain_name(field.name.of(bytes)));
        if restrict == RestrictNames::Reject && request.fields.len() < before {
            session.shard.frontend_counters(session.frontend).requests_denied.add(1);
            return Err(Fault::new(StreamEnd::PROXY_REQUEST, 403));
        }
        Ok(())
    }
}
