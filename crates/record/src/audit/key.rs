//! The Ed25519 key that signs audit logs: made on first use, kept where only its owner can read it.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::chain::{FORMAT, digest};
use super::error::{AuditError, KeyFault};

/// The file name of the private key in the key directory: 32 raw bytes, mode 0600.
pub const KEY_FILE: &str = "audit.key";
/// The file name of the public key beside it, one line of text.
pub const PUBLIC_KEY_FILE: &str = "audit.pub";

/// The public half of a signing key. As text it is a C2SP signed-note verifier key,
/// `bailiwick.audit+<key id>+<base64>`.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads the public key of a key directory.
    ///
    /// # Errors
    /// If the file cannot be read or holds something else.
    pub fn load(directory: &Path) -> Result<PublicKey, AuditError> {
        let path = directory.join(PUBLIC_KEY_FILE);
        let text = fs::read_to_string(&path).map_err(|source| AuditError::read(&path, source))?;
        text.trim_end().parse().map_err(|fault| AuditError::Key { path, fault })
    }

    /// The four bytes that name the key in a signed note (C2SP signed-note, "Signatures").
    pub(crate) fn id(&self) -> [u8; 4] {
        let mut named = format!("{FORMAT}\n").into_bytes();
        named.push(ED25519);
        named.extend_from_slice(self.0.as_bytes());
        let [a, b, c, d, ..] = digest(&named).0;
        [a, b, c, d]
    }

    pub(crate) fn verifies(&self, text: &str, signature: &[u8; 64]) -> bool {
        self.0.verify_strict(text.as_bytes(), &Signature::from_bytes(signature)).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut typed = vec![ED25519];
        typed.extend_from_slice(self.0.as_bytes());
        write!(f, "{FORMAT}+{}+{}", HEXLOWER.encode(&self.id()), BASE64.encode(&typed))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for PublicKey {
    type Err = KeyFault;

    fn from_str(text: &str) -> Result<PublicKey, KeyFault> {
        let decode = || {
            let typed = BASE64.decode(text.splitn(3, '+').nth(2)?.as_bytes()).ok()?;
            let bytes: [u8; 32] = typed.strip_prefix(&[ED25519])?.try_into().ok()?;
            VerifyingKey::from_bytes(&bytes).ok().map(PublicKey)
        };
        // Written out again it must be the same text, which checks the name and the key id too.
        decode().filter(|key| key.to_string() == text).ok_or(KeyFault::NotPublic)
    }
}

/// A private signing key. It is never shown, not even by `Debug`.
pub(crate) struct AuditKey(SigningKey);

impl AuditKey {
    /// The key of `directory`, made now if there is none. Several processes may do this at once: all get
    /// the same key.
    pub(crate) fn load_or_create(directory: &Path) -> Result<AuditKey, AuditError> {
        let fail = |fault| AuditError::Key { path: directory.into(), fault };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|source| AuditError::write(directory, source))?;
        let about = fs::metadata(directory).map_err(|source| AuditError::read(directory, source))?;
        private(about.uid(), about.mode(), 0o022).map_err(fail)?;
        let path = directory.join(KEY_FILE);
        let key = match load(&path) {
            Err(AuditError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => {
                create(directory, &path)?;
                load(&path)
            }
            other => other,
        }?;
        publish(directory, &key.public())?;
        Ok(key)
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, text: &str) -> [u8; 64] {
        self.0.sign(text.as_bytes()).to_bytes()
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditKey({})", self.public())
    }
}

fn load(path: &Path) -> Result<AuditKey, AuditError> {
    let read = |source| AuditError::read(path, source);
    let fail = |fault| AuditError::Key { path: path.into(), fault };
    let mut file = OpenOptions::new().read(true).custom_flags(no_follow()).open(path).map_err(read)?;
    let about = file.metadata().map_err(read)?;
    if !about.is_file() {
        return Err(fail(KeyFault::NotPrivate));
    }
    private(about.uid(), about.mode(), 0o077).map_err(fail)?;
    let mut seed = [0; 32];
    if about.len() != 32 || file.read_exact(&mut seed).is_err() {
        return Err(fail(KeyFault::NotPrivate));
    }
    Ok(AuditKey(SigningKey::from_bytes(&seed)))
}

/// Makes a key under a name of its own and links it into place, so that no one ever reads half a key and
/// the first of several makers wins.
fn create(directory: &Path, path: &Path) -> Result<(), AuditError> {
    let draft = Draft::write(directory, &random::<32>()?, 0o600)?;
    match fs::hard_link(&draft.path, path) {
        Ok(()) => sync_directory(directory),
        Err(source) if source.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(AuditError::write(path, source)),
    }
}

/// Puts the public key beside the private one, unless it is there.
fn publish(directory: &Path, public: &PublicKey) -> Result<(), AuditError> {
    let path = directory.join(PUBLIC_KEY_FILE);
    if path.exists() {
        return Ok(());
    }
    let draft = Draft::write(directory, format!("{public}\n").as_bytes(), 0o644)?;
    fs::rename(&draft.path, &path).map_err(|source| AuditError::write(&path, source))
}

/// A file that is removed again unless it was renamed.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn write(directory: &Path, content: &[u8], mode: u32) -> Result<Draft, AuditError> {
        let draft = Draft { path: directory.join(format!(".new-{}", HEXLOWER.encode(&random::<8>()?))) };
        let fail = |source| AuditError::write(&draft.path, source);
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft.path).map_err(fail)?;
        // The umask may have taken bits away.
        file.set_permissions(PermissionsExt::from_mode(mode)).map_err(fail)?;
        file.write_all(content).and_then(|()| file.sync_all()).map_err(fail)?;
        Ok(draft)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // A leftover is harmless: it is private and never read.
        let _ = fs::remove_file(&self.path);
    }
}

/// Only its owner may hold a key: `forbidden` are the permission bits that must not be set.
fn private(owner: u32, mode: u32, forbidden: u32) -> Result<(), KeyFault> {
    let user = rustix::process::geteuid().as_raw();
    if owner != user {
        return Err(KeyFault::Owner { owner, user });
    }
    if mode & forbidden != 0 {
        return Err(KeyFault::Mode { mode: mode & 0o7777 });
    }
    Ok(())
}

/// Bytes from the operating system's random source.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], AuditError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|source| AuditError::Random { source: Arc::new(source.into()) })?;
    Ok(bytes)
}

pub(crate) fn sync_directory(directory: &Path) -> Result<(), AuditError> {
    File::open(directory)
        .and_then(|file| file.sync_all())
        .map_err(|source| AuditError::write(directory, source))
}

pub(crate) fn no_follow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0)
}

/// The algorithm's number in a signed note's key (C2SP signed-note, "Signature types").
const ED25519: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn a_key_is_made_once_and_kept_private() {
        let root = directory();
        let state = root.path().join("a/b");
        let first = AuditKey::load_or_create(&state).unwrap().public();
        assert_eq!(AuditKey::load_or_create(&state).unwrap().public(), first);
        assert_eq!(PublicKey::load(&state).unwrap(), first);
        assert_eq!(mode(&state), 0o700);
        assert_eq!(mode(&state.join(KEY_FILE)), 0o600);
        let mut names: Vec<_> =
            fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, [KEY_FILE, PUBLIC_KEY_FILE], "no draft is left");
    }

    #[test]
    fn makers_at_once_get_one_key() {
        let root = directory();
        let state = root.path().join("state");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let makers: Vec<_> =
                (0..16).map(|_| scope.spawn(|| AuditKey::load_or_create(&state).unwrap().public())).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(PublicKey::load(&state).unwrap(), keys[0]);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let root = directory();
        AuditKey::load_or_create(root.path()).unwrap();
        let path = root.path().join(KEY_FILE);
        for wide in [0o640, 0o604, 0o610, 0o666] {
            fs::set_permissions(&path, PermissionsExt::from_mode(wide)).unwrap();
            let error = AuditKey::load_or_create(root.path()).unwrap_err();
            assert!(matches!(error, AuditError::Key { fault: KeyFault::Mode { mode }, .. } if mode == wide));
        }
    }

    #[test]
    fn a_directory_that_others_can_change_is_refused() {
        let root = directory();
        fs::set_permissions(root.path(), PermissionsExt::from_mode(0o777)).unwrap();
        let error = AuditKey::load_or_create(root.path()).unwrap_err();
        assert!(matches!(error, AuditError::Key { fault: KeyFault::Mode { mode: 0o777 }, .. }));
    }

    #[test]
    fn another_owner_is_refused() {
        let user = rustix::process::geteuid().as_raw();
        assert_eq!(private(user, 0o600, 0o077), Ok(()));
        assert_eq!(private(user + 1, 0o600, 0o077), Err(KeyFault::Owner { owner: user + 1, user }));
    }

    #[test]
    fn a_link_or_a_short_file_is_no_key() {
        let root = directory();
        let path = root.path().join(KEY_FILE);
        fs::write(&path, [0; 31]).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        let error = AuditKey::load_or_create(root.path()).unwrap_err();
        assert!(matches!(error, AuditError::Key { fault: KeyFault::NotPrivate, .. }));
        fs::rename(&path, root.path().join("elsewhere")).unwrap();
        symlink("elsewhere", &path).unwrap();
        assert!(matches!(AuditKey::load_or_create(root.path()), Err(AuditError::Read { .. })));
    }

    #[test]
    fn a_public_key_reads_back_and_nothing_else_does() {
        let root = directory();
        let key = AuditKey::load_or_create(root.path()).unwrap().public();
        let text = key.to_string();
        assert_eq!(text.parse(), Ok(key));
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            assert_eq!(changed.parse::<PublicKey>(), Err(KeyFault::NotPublic), "{changed}");
        }
    }
}
