//! Where files of ours lie (XDG base directory specification).

use std::path::PathBuf;

use etcetera::BaseStrategy as _;

use crate::exit::Failure;

/// `$BAILIWICK_STATE_DIR`, else `$XDG_STATE_HOME/bailiwick`, else `~/.local/state/bailiwick`.
pub(crate) fn state() -> Result<PathBuf, Failure> {
    if let Some(own) = std::env::var_os("BAILIWICK_STATE_DIR").filter(|own| !own.is_empty()) {
        return Ok(PathBuf::from(own));
    }
    bailiwick::state_directory().ok_or_else(|| {
        Failure::refused(
            "the home directory is not known, so there is no place for the key and the audit log",
        )
        .help("set HOME, or BAILIWICK_STATE_DIR")
    })
}

/// The directory of the signing key.
pub(crate) fn key() -> Result<PathBuf, Failure> {
    Ok(state()?.join("key"))
}

/// A folder for what lives as long as a session: `$XDG_RUNTIME_DIR/bailiwick`, else below the state directory.
pub(crate) fn runtime() -> Result<PathBuf, Failure> {
    let base = etcetera::base_strategy::Xdg::new().ok().and_then(|base| base.runtime_dir());
    match base {
        Some(base) if base.is_dir() => Ok(base.join("bailiwick")),
        Some(_) | None => Ok(state()?.join("runtime")),
    }
}

pub(crate) fn home() -> Option<String> {
    let base = etcetera::base_strategy::Xdg::new().ok()?;
    base.home_dir().to_str().map(str::to_owned)
}
