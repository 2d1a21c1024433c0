//! With the feature `torch`, programs and tests find libtorch where they were built, without a variable.

fn main() {
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    let asked = std::env::var_os("CARGO_FEATURE_TORCH").is_some() && cfg!(unix);
    if let Some(folder) = std::env::var_os("LIBTORCH").filter(|_| asked) {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{}", std::path::Path::new(&folder).join("lib").display());
    }
}
