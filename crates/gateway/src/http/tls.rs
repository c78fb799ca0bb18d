//! TLS: what a listener proves itself with, and whom a gateway believes to be an upstream.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::{Accept, TlsAcceptor};

/// Why there is no TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    #[error("there is no certificate in it")]
    NoCertificate,
    #[error("it is no PEM text")]
    NotPem,
    #[error("there is no private key in it")]
    NoKey,
    #[error("the system's certificates cannot be read")]
    NoRoots,
    #[error("certificate and key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// A certificate and its key, as a listener shows them. Its key is never shown by `Debug`.
#[derive(Clone)]
pub struct Identity(TlsAcceptor);

impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Identity")
    }
}

impl Identity {
    /// From a chain of certificates, the listener's own first, and its private key; both as PEM. HTTP/2 and HTTP/1.1 are
    /// offered, over TLS 1.3 and 1.2.
    ///
    /// # Errors
    /// If one is missing, or they do not belong together.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Identity, TlsError> {
        let chain = certificates(chain)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey)?;
        let builder =
            ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        let mut config = builder.with_no_client_auth().with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Identity(TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) fn accept(&self, stream: TcpStream) -> Accept<TcpStream> {
        self.0.accept(stream)
    }
}

/// The certificates by which an upstream is believed to be who it says.
#[derive(Debug, Clone)]
pub struct Roots(Arc<ClientConfig>);

impl Roots {
    /// Those of the system, or of `SSL_CERT_FILE` and `SSL_CERT_DIR`.
    ///
    /// # Errors
    /// If there are none.
    pub fn system() -> Result<Roots, TlsError> {
        let mut store = RootCertStore::empty();
        // What cannot be read, or used, is believed by nobody.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if store.is_empty() { Err(TlsError::NoRoots) } else { Roots::of(store) }
    }

    /// Those in a PEM text, and no others.
    ///
    /// # Errors
    /// If there are none.
    pub fn from_pem(text: &[u8]) -> Result<Roots, TlsError> {
        let mut store = RootCertStore::empty();
        for certificate in certificates(text)? {
            store.add(certificate)?;
        }
        Roots::of(store)
    }

    fn of(store: RootCertStore) -> Result<Roots, TlsError> {
        let builder =
            ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
        Ok(Roots(Arc::new(builder.with_root_certificates(store).with_no_client_auth())))
    }

    /// None at all, for an upstream without TLS.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn nobody() -> Result<Roots, TlsError> {
        Roots::of(RootCertStore::empty())
    }

    pub(super) fn config(&self) -> ClientConfig {
        ClientConfig::clone(&self.0)
    }
}

fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all =
        CertificateDer::pem_slice_iter(text).collect::<Result<Vec<_>, _>>().map_err(|_| TlsError::NotPem)?;
    if all.is_empty() { Err(TlsError::NoCertificate) } else { Ok(all) }
}

/// No process-wide default: a library must not choose for its host.
fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

#[cfg(test)]
mod tests {
    use super::{Identity, Roots, TlsError};

    #[test]
    fn what_is_no_certificate_is_said() {
        assert!(matches!(Identity::from_pem(b"", b""), Err(TlsError::NoCertificate)));
        assert!(matches!(Roots::from_pem(b"hello"), Err(TlsError::NoCertificate)));
        let broken = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        assert!(matches!(Roots::from_pem(broken), Err(TlsError::NotPem)));
    }
}
