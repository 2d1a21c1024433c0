//! Programs that are killed at any moment leave whole files or none, and run again in the folder that they left.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use program::trial::{Trial, json};

/// Kills spread over a run, the last ones where it writes.
const KILLS: u32 = 12;

/// The names of the files that a reader sees, each of which is whole; a hidden one is one that was being written.
fn seen(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|e| e.file_name().into_string().unwrap()).filter(|name| !name.starts_with('.'));
    let mut names: Vec<String> = names.collect();
    names.sort();
    for name in &names {
        let bytes = fs::read(folder.join(name)).unwrap();
        let whole = match name.rsplit('.').next() {
            Some("png") => bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.ends_with(b"IEND\xaeB`\x82"),
            Some("wav") => u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize + 8 == bytes.len(),
            Some("html") => bytes.ends_with(b"</html>\n"),
            Some("json") => json(&folder.join(name)).is_object(),
            _ => false,
        };
        assert!(whole, "{name} is no whole file");
    }
    names
}

/// Runs to the end, then kills at moments spread over as long a time, then runs to the end again.
fn killed(example: &str, args: &str) {
    let program = Trial::of(example);
    let (whole, cut) = (program.folder("whole"), program.folder("cut"));
    let args = format!("{args} --out out --json out/all.json");
    let start = Instant::now();
    program.ok(&whole, &args);
    let length = start.elapsed();
    let due = seen(&whole.join("out"));
    let mut torn = 0;
    for kill in 1..=KILLS {
        let _ = fs::remove_dir_all(cut.join("out"));
        let mut command = program.command(&cut);
        let mut child = command
            .args(args.split_whitespace())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        // Half of the kills fall into the last fifth, where most is written.
        let share = f64::from(kill) / f64::from(KILLS);
        std::thread::sleep(length.mul_f64(if share <= 0.5 { 1.6 * share } else { 0.6 + 0.4 * share }));
        child.kill().expect("a child can be killed");
        child.wait().expect("it ends");
        let names = seen(&cut.join("out"));
        torn += usize::from(names.len() < due.len());
    }
    println!("{example}: {torn} of {KILLS} kills left a part of the files");
    assert!(torn > 0, "no kill fell into the run");
    program.ok(&cut, &args);
    assert_eq!(seen(&cut.join("out")), due);
}

#[test]
fn gradient_sound() {
    killed("gradient_sound", "--preset sgd-0.01,sgd-0.1 --batch 10 --batches 6");
}

#[test]
fn benford() {
    killed("benford", "--steps 4");
}

#[test]
fn time_maps() {
    killed("time_maps", "");
}
