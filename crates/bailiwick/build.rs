//! Links the program.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |key: &str| std::env::var(key).unwrap_or_default();
    // Forty thousand addresses are adjusted when the program starts, and it starts twice: packed, their list is a hundredth as
    // long, and both processes are a megabyte smaller. A linker that does not know the word warns and goes on; the loader must
    // be of glibc 2.36 or newer.
    if target("CARGO_CFG_TARGET_OS") == "linux" && target("CARGO_CFG_TARGET_ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
