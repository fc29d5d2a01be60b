//! What went wrong with TLS, in words for a log.

#[cfg(test)]
mod tests;

use rustls::pki_types::{ServerName, UnixTime};
use rustls::{
    AlertDescription, CertRevocationListError, CertificateError, Error, InvalidMessage,
    PeerIncompatible,
};
use tz::UtcDateTime;

/// The longest text, in bytes.
pub const TEXT_LEN_MAX: usize = 320;
/// Names of a certificate that are told, and how much of each.
const NAMES_MAX: usize = 2;
const NAME_LEN_MAX: usize = 80;

/// Why TLS failed, on either side; "it" is the other side, "ours" what is configured here.
///
/// One line of ASCII of at most [`TEXT_LEN_MAX`] bytes. It has nothing secret, and of what the other
/// side sent only names of its certificate, in which all that is not plain text is a `?`.
pub fn explain(error: &Error) -> String {
    let text = match error {
        Error::InvalidCertificate(error) => certificate(error),
        Error::InvalidCertRevocationList(error) => revocation_list(error),
        Error::AlertReceived(alert) => format!("it sent an alert: {}", said(*alert)),
        Error::PeerIncompatible(error) => incompatible(error),
        Error::PeerMisbehaved(error) => format!("it broke the protocol ({error:?})"),
        Error::InvalidMessage(error) => message(*error),
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            "it broke the protocol (a message out of turn)".into()
        }
        Error::NoCertificatesPresented => "it has no certificate".into(),
        Error::DecryptError => "what it sent cannot be decrypted".into(),
        Error::PeerSentOversizedRecord => "it sent a record that is too long".into(),
        Error::NoApplicationProtocol => "it offers no protocol that is in our `alpn`".into(),
        Error::InconsistentKeys(_) => "the key is not that of the certificate".into(),
        error => error.to_string(),
    };
    plain(&text, TEXT_LEN_MAX)
}

fn certificate(error: &CertificateError) -> String {
    use CertificateError as Is;
    match error {
        Is::NotValidForNameContext { expected, presented } => other_name(expected, presented),
        Is::NotValidForName => "certificate is not for the name that is asked for".into(),
        Is::ExpiredContext { not_after, .. } => format!("certificate expired on {}", date(*not_after)),
        Is::Expired => "certificate has expired".into(),
        Is::NotValidYetContext { not_before, .. } => {
            format!("certificate is not valid before {}", date(*not_before))
        }
        Is::NotValidYet => "certificate is not valid yet".into(),
        Is::UnknownIssuer => {
            "certificate is signed by an unknown authority (`ca-file`, or the system's, has none that \
             it leads to)"
                .into()
        }
        Is::Revoked => "certificate is revoked".into(),
        Is::UnknownRevocationStatus => {
            "certificate is signed by an authority for which `crl-file` has no list".into()
        }
        Is::ExpiredRevocationListContext { next_update, .. } => {
            format!("the list in `crl-file` expired on {}", date(*next_update))
        }
        Is::ExpiredRevocationList => "the list in `crl-file` has expired".into(),
        Is::BadSignature => {
            "a signature is wrong: the certificate is not signed by the authority of that name in \
             `ca-file`, or it does not have the certificate's key"
                .into()
        }
        Is::BadEncoding => "certificate is broken".into(),
        Is::UnhandledCriticalExtension => "certificate has an unknown critical extension".into(),
        Is::InvalidPurpose | Is::InvalidPurposeContext { .. } => {
            "certificate is not for this purpose (extended key usage)".into()
        }
        Is::UnsupportedSignatureAlgorithmContext { .. }
        | Is::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "certificate is signed in a way that is not safe, or not supported".into()
        }
        Is::Other(error) => unusable(&error.to_string()),
        error => format!("certificate cannot be used ({error:?})"),
    }
}

/// By webpki's name of the error.
fn unusable(error: &str) -> String {
    match error {
        "CaUsedAsEndEntity" => {
            "certificate is an authority's (CA:TRUE); a server's own counts if it is in `ca-file`"
        }
        "UnsupportedCertVersion" => {
            "certificate is of version 1, which has no names; it must be of version 3"
        }
        error => return format!("certificate cannot be used ({error})"),
    }
    .into()
}

fn other_name(expected: &ServerName<'_>, presented: &[String]) -> String {
    let names: Vec<&str> = presented.iter().filter_map(|name| host(name)).collect();
    let told: Vec<String> = names
        .iter()
        .take(NAMES_MAX)
        .map(|name| format!("`{}`", plain(name, NAME_LEN_MAX)))
        .collect();
    let expected = expected.to_str();
    let expected = plain(&expected, NAME_LEN_MAX);
    match names.len().saturating_sub(NAMES_MAX) {
        _ if told.is_empty() => format!(
            "certificate is not for `{expected}`: it has no subjectAltName (a common name does not \
             count)"
        ),
        0 => format!("certificate is for {}, not for `{expected}`", told.join(", ")),
        more => {
            format!("certificate is for {} and {more} more, not for `{expected}`", told.join(", "))
        }
    }
}

/// The name of an entry of a subjectAltName as rustls writes it.
fn host(name: &str) -> Option<&str> {
    let dns = name.strip_prefix("DnsName(\"").and_then(|name| name.strip_suffix("\")"));
    dns.or_else(|| name.strip_prefix("IpAddress(").and_then(|name| name.strip_suffix(')')))
}

fn revocation_list(error: &CertRevocationListError) -> String {
    match error {
        CertRevocationListError::BadSignature | CertRevocationListError::IssuerInvalidForCrl => {
            "a list in `crl-file` is not signed by the authority of the certificate".into()
        }
        CertRevocationListError::UnsupportedDeltaCrl => "`crl-file` has a delta list".into(),
        CertRevocationListError::UnsupportedIndirectCrl => "`crl-file` has an indirect list".into(),
        error => format!("a list in `crl-file` cannot be used ({error:?})"),
    }
}

fn said(alert: AlertDescription) -> String {
    use AlertDescription as Is;
    let text = match alert {
        Is::AccessDenied => "it denies access to our certificate",
        Is::BadCertificate | Is::CertificateUnknown | Is::UnsupportedCertificate => {
            "it does not accept our certificate"
        }
        Is::CertificateExpired => "our certificate has expired, it says",
        Is::CertificateRevoked => "our certificate is revoked, it says",
        Is::CertificateRequired => "it asks for a certificate (`crt`)",
        Is::DecodeError | Is::IllegalParameter | Is::UnexpectedMessage => {
            "it does not understand what we sent"
        }
        Is::HandshakeFailure => {
            "nothing in common (ciphers, curves, signatures), or it asks for a certificate"
        }
        Is::InsufficientSecurity => "our ciphers are not safe enough for it",
        Is::InternalError => "it has an internal error",
        Is::NoApplicationProtocol => "it speaks no protocol of our `alpn`",
        Is::ProtocolVersion => "it speaks no version of TLS that is on here",
        Is::UnknownCA => "it does not know the authority that signed our certificate",
        Is::UnrecognisedName => "it does not know the name that it is asked for (`sni`)",
        Is::UserCanceled => "it gave up",
        alert => return format!("number {}", u8::from(alert)),
    };
    text.into()
}

fn incompatible(error: &PeerIncompatible) -> String {
    use PeerIncompatible as Is;
    let text = match error {
        Is::NoCipherSuitesInCommon => "no cipher suite in common",
        Is::NoKxGroupsInCommon | Is::NamedGroupsExtensionRequired => "no curve in common",
        Is::NoSignatureSchemesInCommon | Is::NoCertificateRequestSignatureSchemesInCommon => {
            "no kind of signature in common"
        }
        Is::ServerDoesNotSupportTls12Or13
        | Is::ServerTlsVersionIsDisabledByOurConfig
        | Is::SupportedVersionsExtensionRequired
        | Is::Tls12NotOffered
        | Is::Tls12NotOfferedOrEnabled => "it speaks no version of TLS that is on here",
        Is::ServerRejectedEncryptedClientHello(_) => "it does not decrypt our hello",
        error => return format!("it lacks something of TLS ({error:?})"),
    };
    text.into()
}

fn message(error: InvalidMessage) -> String {
    match error {
        InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion => {
            "what it sent is not TLS".into()
        }
        error => format!("it sent a broken message ({error:?})"),
    }
}

/// `2026-11-22`.
fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    match UtcDateTime::from_timespec(seconds, 0) {
        Ok(date) => format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.month_day()),
        Err(_) => "a day that no calendar has".into(),
    }
}

fn plain(text: &str, len_max: usize) -> String {
    let shown = |char: char| if (' '..='~').contains(&char) { char } else { '?' };
    text.chars().take(len_max).map(shown).collect()
}
