//! Which certificates are accepted.

use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, SerialNumber, date_time_ymd};

use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::*;

fn none(tls: ServerTls) -> ServerTls {
    ServerTls { verify: false, ca_file: None, ..tls }
}

/// A server with `signed`, whose authority is known.
fn site(change: impl FnOnce(&mut rcgen::CertificateParams)) -> Site {
    let authority = Authority::new("Root");
    let signed = authority.sign_as(&["a.example"], change);
    Site::showing(authority, &signed, &[])
}

#[test]
fn an_expired_certificate_is_refused() {
    let site = site(|params| params.not_after = date_time_ymd(2021, 3, 4));
    assert_refused(site.meets(&site.tls(), "a.example"), "certificate expired on 2021-03-04");
    site.meets(&none(site.tls()), "a.example").unwrap();
}

#[test]
fn a_certificate_of_the_future_is_refused() {
    let site = site(|params| params.not_before = date_time_ymd(2090, 3, 4));
    let reason = "certificate is not valid before 2090-03-04";
    assert_refused(site.meets(&site.tls(), "a.example"), reason);
}

#[test]
fn an_unknown_authority_is_refused() {
    let (site, other) = (Site::new(&["a.example"]), Site::new(&["a.example"]));
    assert_refused(site.meets(&other.tls(), "a.example"), "signed by an unknown authority");
    site.meets(&none(site.tls()), "a.example").unwrap();
    site.meets(&none(site.tls()), "b.example").unwrap();
}

#[test]
fn an_authority_of_the_same_name_is_another() {
    let (ours, theirs) = (Authority::named("Root"), Authority::named("Root"));
    let site = Site::showing(ours, &theirs.sign(&["a.example"]), &[]);
    assert_refused(
        site.meets(&site.tls(), "a.example"),
        "not signed by the authority of that name",
    );
}

#[test]
fn a_certificate_for_clients_is_refused() {
    let site =
        site(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    assert_refused(site.meets(&site.tls(), "a.example"), "is not for this purpose");
}

#[test]
fn the_server_sends_what_is_between() {
    let root = Authority::new("Root");
    let between = root.below("Between");
    let signed = between.sign(&["a.example"]);
    let site = Site::showing(root, &signed, &[&between]);
    site.meets(&site.tls(), "a.example").unwrap();
    let site = Site::showing(Authority::new("Root"), &signed, &[&between]);
    assert_refused(site.meets(&site.tls(), "a.example"), "unknown authority");
    let site = Site::showing(Authority::new("Root"), &signed, &[]);
    assert_refused(site.meets(&site.tls(), "a.example"), "unknown authority");
}

#[test]
fn a_leaf_signs_nothing() {
    let root = Authority::new("Root");
    let between = root.below("Between");
    // As if it were an authority: the leaf that it signs must not count.
    let leaf = Signed::by_itself(&["a.example"], |params| params.is_ca = IsCa::NoCa);
    let site = Site::showing(root, &leaf, &[&between]);
    assert_refused(site.meets(&site.tls(), "a.example"), "unknown authority");
}

#[test]
fn revoked_certificates_are_refused() {
    let site = site(|params| params.serial_number = Some(SerialNumber::from(7)));
    let list = |name: &str, text: String| ServerTls {
        crl_file: Some(site.folder.file(name, text)),
        ..site.tls()
    };
    let others = list("others.pem", site.authority.revoked(&[6, 8], 2090));
    site.meets(&others, "a.example").unwrap();
    let revoked = list("revoked.pem", site.authority.revoked(&[6, 7], 2090));
    assert_refused(site.meets(&revoked, "a.example"), "certificate is revoked");
    let expired = list("expired.pem", site.authority.revoked(&[6], 2021));
    let reason = "the list in `crl-file` expired on 2021-01-01";
    assert_refused(site.meets(&expired, "a.example"), reason);
    let unknown = list("unknown.pem", Authority::new("Other").revoked(&[], 2090));
    assert_refused(site.meets(&unknown, "a.example"), "`crl-file` has no list");
    site.meets(&none(revoked), "a.example").unwrap();
}

#[test]
fn a_server_without_tls_is_told_so() {
    let site = Site::new(&["a.example"]);
    let initiator =
        Initiator::load(&site.tls(), "a.example", Stamp::of(&site.tls()), &mut reading()).unwrap();
    for answer in ["HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-x\r\n", "220 mail ESMTP\r\n"] {
        let name = initiator.server_name(None);
        let mut client = ClientConnection::new(initiator.for_shard(), name).unwrap();
        client.read_tls(&mut answer.as_bytes()).unwrap();
        let error = client.process_new_packets().unwrap_err();
        assert_eq!(explain(&error), "what it sent is not TLS");
    }
}

/// Shows a certificate whether it has its key or not, and whatever certificate it is.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

fn showing(certificate: CertificateDer<'static>, key: &PrivateKeyDer<'_>) -> Arc<ServerConfig> {
    let key = aws_lc_rs::sign::any_supported_type(key).unwrap();
    let shown = Shown(Arc::new(CertifiedKey::new(vec![certificate], key)));
    Arc::new(server_builder().with_no_client_auth().with_cert_resolver(Arc::new(shown)))
}

#[test]
fn certificates_of_version_1_do_without_verification() {
    let certificate = include_bytes!("../../certificate/fixtures/v1.pem");
    let certificate = CertificateDer::from_pem_slice(certificate).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("fixtures/v1.key")).unwrap();
    let other = Signed::by_itself(&["a.example"], |_| {}).key_der();
    let mut site = Site::new(&["a.example"]);
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        let verified = ServerTls { crypto: crypto(version, version), ..site.tls() };
        site.server = showing(certificate.clone(), &key);
        assert_refused(site.meets(&verified, "a.example"), "certificate is of version 1");
        site.meets(&none(verified.clone()), "a.example").unwrap();
        site.server = showing(certificate.clone(), &other);
        assert_refused(site.meets(&none(verified), "a.example"), "a signature is wrong");
    }
}

#[test]
fn a_certificate_without_its_key_is_refused() {
    let authority = Authority::new("Root");
    let (shown, own) = (authority.sign(&["a.example"]), authority.sign(&["b.example"]));
    let mut site = Site::showing(authority, &shown, &[]);
    site.server = showing(shown.der(), &own.key_der());
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        let verified = ServerTls { crypto: crypto(version, version), ..site.tls() };
        for tls in [none(verified.clone()), verified] {
            assert_refused(site.meets(&tls, "a.example"), "a signature is wrong");
        }
    }
}

#[test]
fn a_certificate_that_signed_itself_is_trusted_if_it_is_the_one() {
    for is_ca in [IsCa::Ca(BasicConstraints::Unconstrained), IsCa::NoCa] {
        let signed = Signed::by_itself(&["a.example"], |params| params.is_ca = is_ca);
        let site = Site::showing(Authority::new("Root"), &signed, &[]);
        let reason = match is_ca {
            IsCa::NoCa => "unknown authority",
            _ => "certificate is an authority's",
        };
        assert_refused(site.meets(&site.tls(), "a.example"), reason);
        let pinned = tls(Some(site.folder.file("pinned.pem", signed.pem())));
        site.meets(&pinned, "a.example").unwrap();
        assert_refused(site.meets(&pinned, "b.example"), "not for `b.example`");
    }
}

#[test]
fn a_certificate_that_signed_itself_expires() {
    let signed = Signed::by_itself(&["a.example"], |params| {
        params.not_after = date_time_ymd(2021, 3, 4);
    });
    let site = Site::showing(Authority::new("Root"), &signed, &[]);
    let pinned = tls(Some(site.folder.file("pinned.pem", signed.pem())));
    assert_refused(site.meets(&pinned, "a.example"), "certificate expired on 2021-03-04");
}

#[test]
fn a_certificate_that_signed_itself_must_be_for_servers() {
    let signed = Signed::by_itself(&["a.example"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let site = Site::showing(Authority::new("Root"), &signed, &[]);
    let pinned = tls(Some(site.folder.file("pinned.pem", signed.pem())));
    assert_refused(site.meets(&pinned, "a.example"), "is not for this purpose");
}

#[test]
fn a_certificate_that_signed_itself_cannot_be_revoked() {
    let signed = Signed::by_itself(&["a.example"], |_| {});
    let site = Site::showing(Authority::new("Root"), &signed, &[]);
    let pinned = ServerTls {
        crl_file: Some(site.folder.file("list.pem", site.authority.revoked(&[], 2090))),
        ..tls(Some(site.folder.file("pinned.pem", signed.pem())))
    };
    assert_refused(site.meets(&pinned, "a.example"), "certificate is an authority's");
}
