//! Links the program.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Forty thousand addresses are adjusted when the program starts, and it starts twice: packed, their list is a hundredth as
    // long, and both processes are a megabyte smaller. Only the loader of glibc 2.36 or newer reads such a list, so that a
    // program built here for here is packed, and any other is not.
    let here = std::env::var("HOST") == std::env::var("TARGET");
    if here && glibc().is_some_and(|version| version >= (2, 36)) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version of this machine's glibc, if it has one.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let text = String::from_utf8(said.stdout).ok()?;
    let (major, minor) = text.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
