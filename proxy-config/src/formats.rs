//! The formats that have a name or stand in for one that nobody wrote.

use std::sync::Arc;

use crate::action::Tools;
use crate::log_format::parse_log_format;
use crate::model::rule::Moment;
use crate::model::{Encoding, Format, Mode};
use crate::report::Report;
use crate::rule::At;
use crate::text::Text;

/// `clf` of a frontend in mode http: HAProxy's `option httplog clf`.
pub(crate) const CLF_HTTP: &str = "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw \
    %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl";

/// `clf` of a frontend in mode tcp: HAProxy's `option tcplog clf`.
pub(crate) const CLF_TCP: &str = "%{+Q}o %{-Q}ci - - [%T] \"TCP \" 000 %B \"\" \"\" %cp %ms %ft %b %s %Th \
    %Tw %Tc %Tt %U %ts-- %ac %fc %bc %sc %rc %sq %bq \"\" \"\" ";

/// HAProxy's `option httpslog`. A connection that has streams had no error, nor had its handshake.
const HTTPS: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc \
    %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r \
    0/0000000000000000/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] \
    %[ssl_fc_sni]/%sslv/%sslc";

/// `json` of a frontend in mode http. The names are stable: new ones may come, none goes.
const JSON_HTTP: &str = "%{+json}o %(client_ip)ci %(client_port)cp %(time)tr %(timestamp)Ts \
    %(frontend)f %(frontend_ip)fi %(frontend_port)fp %(backend)b %(server)s %(server_ip)si \
    %(server_port)sp %(handshake_ms)Th %(idle_ms)Ti %(request_ms)TR %(queue_ms)Tw \
    %(connect_ms)Tc %(response_ms)Tr %(active_ms)Ta %(total_ms)Tt %(status)ST %(bytes_sent)B \
    %(bytes_received)U %(request_cookie)CC %(response_cookie)CS %(termination_state)tsc \
    %(active_conns)ac %(frontend_conns)fc %(backend_conns)bc %(server_conns)sc %(retries)rc \
    %(server_queue)sq %(backend_queue)bq %(request_headers)hr %(response_headers)hs \
    %(method)HM %(uri)HU %(path)HPO %(query)HQ %(version)HV %(unique_id)ID";

/// `json` of a frontend in mode tcp.
const JSON_TCP: &str = "%{+json}o %(client_ip)ci %(client_port)cp %(time)t %(timestamp)Ts \
    %(frontend)f %(frontend_ip)fi %(frontend_port)fp %(backend)b %(server)s %(server_ip)si \
    %(server_port)sp %(handshake_ms)Th %(queue_ms)Tw %(connect_ms)Tc %(total_ms)Tt \
    %(bytes_sent)B %(bytes_received)U %(termination_state)ts %(active_conns)ac \
    %(frontend_conns)fc %(backend_conns)bc %(server_conns)sc %(retries)rc %(server_queue)sq \
    %(backend_queue)bq %(unique_id)ID";

/// `unique-id-format` where only `unique-id-header` is given: the example of HAProxy's manual.
const UNIQUE_ID: &str = "%{+X}o %ci:%cp_%fi:%fp_%Ts_%rt:%pid";

pub(crate) fn clf(mode: Mode) -> Arc<Format> {
    Arc::new(built_in(if mode == Mode::Http { CLF_HTTP } else { CLF_TCP }))
}

pub(crate) fn json(mode: Mode) -> Arc<Format> {
    Arc::new(built_in(if mode == Mode::Http { JSON_HTTP } else { JSON_TCP }))
}

/// `option.httpslog`; it is the same in every frontend.
pub(crate) fn https(tools: &mut Tools<'_>) -> Arc<Format> {
    let at = At { moment: Some(Moment::Log), mode: None, frontend: None, backend: None };
    let text = Text::plain(0, HTTPS);
    let mut unheard = Report::default();
    let format = tools.compiler.log_format(&text, at, &mut unheard);
    Arc::new(format.unwrap_or_else(|| Format { encoding: Encoding::Text, pieces: Vec::new() }))
}

pub(crate) fn unique_id() -> Format {
    built_in(UNIQUE_ID)
}

/// A test holds that every text above is sound.
fn built_in(text: &str) -> Format {
    let empty = |_| Format { encoding: Encoding::Text, pieces: Vec::new() };
    parse_log_format(text).unwrap_or_else(empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FormatPiece, LogField};

    #[test]
    fn every_text_is_sound() {
        for text in [CLF_HTTP, CLF_TCP, JSON_HTTP, JSON_TCP, UNIQUE_ID] {
            assert_eq!(parse_log_format(text).map(|_| ()), Ok(()), "{text}");
        }
    }

    #[test]
    fn json_has_a_name_for_every_field() {
        for mode in [Mode::Http, Mode::Tcp] {
            let format = json(mode);
            assert_eq!(format.encoding, Encoding::Json);
            let names: Vec<_> = format
                .pieces
                .iter()
                .filter_map(|piece| match piece {
                    FormatPiece::Field { name, .. } => Some(name.as_deref().unwrap()),
                    FormatPiece::Sample { .. } | FormatPiece::Text(_) => None,
                })
                .collect();
            let unique: std::collections::BTreeSet<_> = names.iter().collect();
            assert_eq!(unique.len(), names.len());
            assert!(names.iter().all(|n| n.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')));
        }
    }

    #[test]
    fn clf_begins_with_the_bare_client() {
        let format = clf(Mode::Http);
        let first = &format.pieces[0];
        let FormatPiece::Field { field: LogField::ClientIp, flags, .. } = first else {
            panic!("{first:?}");
        };
        assert!(!flags.quote);
        assert!(format.pieces.contains(&FormatPiece::Text(" \"\" \"\" ".to_owned())));
    }
}
