//! The example `gradient_sound` as a process: what it writes, what the Adam preset reaches, and how it refuses.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use program::trial::{Trial, json};

fn gradient_sound() -> &'static Trial {
    static PROGRAM: OnceLock<Trial> = OnceLock::new();
    PROGRAM.get_or_init(|| Trial::of("gradient_sound"))
}

/// Samples of a file, read without the writer's crate: a RIFF header of 44 bytes, one channel,
/// 16 bits, 44.1 kHz.
fn samples(file: &Path) -> Vec<i16> {
    let bytes = fs::read(file).unwrap();
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((&bytes[..4], &bytes[8..16], &bytes[36..40]), (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..]));
    // PCM and one channel, samples and bytes per second, 2 bytes per frame and 16 bits per sample.
    assert_eq!((word(20), word(24), word(28), word(32)), (0x1_0001, 44_100, 88_200, 0x10_0002));
    assert_eq!((word(4) + 8, word(40) + 44), (bytes.len(), bytes.len()));
    bytes[44..].chunks(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

#[test]
fn adam_recognises_digits_and_is_heard() {
    let dir = gradient_sound().folder("adam");
    let said = gradient_sound().ok(&dir, "--json all.json --batches 130");
    let run = &json(&dir.join("all.json"))["runs"][0];
    assert!(run["accuracy"].as_f64().unwrap() >= 0.95, "{run}");
    assert!(said.contains("held-out accuracy") && said.contains("none had to be lowered"), "{said}");
    for file in ["spectrogram", "norms", "loss"] {
        let file = format!("out/gradient_sound/adam-batch-64-{file}.png");
        assert!(fs::read(dir.join(&file)).unwrap().starts_with(b"\x89PNG"), "{file}");
    }
    let sound = samples(&dir.join("out/gradient_sound/adam-batch-64.wav"));
    assert_eq!(sound.len(), 130 * 6 * 441);
    // Four tones of amplitude 0.1, then the silence of two.
    let loudest = |from: usize, to: usize| sound[from..to].iter().map(|s| s.unsigned_abs()).max().unwrap();
    for batch in 0..130 {
        let start = batch * 6 * 441;
        assert!((0..4).all(|tone| (2500..=3277).contains(&loudest(start + tone * 441, start + (tone + 1) * 441))));
        assert_eq!(loudest(start + 4 * 441, start + 6 * 441), 0);
    }
}

#[test]
fn a_loss_that_is_not_finite_ends_the_sound_with_a_mark() {
    let dir = gradient_sound().folder("broken");
    let said = gradient_sound().ok(&dir, "--preset sgd-1 --lr 1e25 --batch 12 --batches 40 --json all.json");
    let run = &json(&dir.join("all.json"))["runs"][0];
    let batches = run["batches"].as_u64().unwrap() as usize;
    assert!(run["broke"] == true && (1..40).contains(&batches), "{run}");
    assert!(said.contains("falling tone"), "{said}");
    let sound = samples(&dir.join("out/gradient_sound/sgd-1-batch-12.wav"));
    assert_eq!(sound.len(), batches * 6 * 441 + 44_100);
    assert!(sound[batches * 6 * 441..].iter().any(|s| s.unsigned_abs() > 5000), "the mark is louder than tones");
}

#[test]
fn mnist_is_read_by_both_of_its_names() {
    let dir = gradient_sound().folder("mnist");
    mnist(&dir, 12, &[5; 12]);
    let said = gradient_sound().ok(&dir, "--mnist . --batch 12 --batches 20");
    assert!(said.contains("12 to learn from, 12 held out") && said.contains("100.0 %"), "{said}");
}

/// MNIST's four files with images of one colour.
fn mnist(dir: &Path, count: u8, labels: &[u8]) {
    for set in ["train", "t10k"] {
        let mut images = vec![0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28];
        images.extend(vec![255; usize::from(count) * 784]);
        fs::write(dir.join(format!("{set}-images-idx3-ubyte")), images).unwrap();
        let mut file = vec![0, 0, 8, 1, 0, 0, 0, labels.len() as u8];
        file.extend(labels);
        fs::write(dir.join(format!("{set}-labels.idx1-ubyte")), file).unwrap();
    }
}

#[test]
fn wrong_input_is_refused_with_what_to_do() {
    let dir = gradient_sound().folder("refused");
    fs::write(dir.join("file"), "").unwrap();
    let sub = |name: &str| {
        let sub = dir.join(name);
        fs::create_dir_all(&sub).unwrap();
        sub
    };
    mnist(&sub("labels"), 3, &[1, 2, 12]);
    mnist(&sub("count"), 3, &[1, 2]);
    mnist(&sub("none"), 0, &[]);
    mnist(&sub("cut"), 3, &[1, 2, 3]);
    let images = dir.join("cut/train-images-idx3-ubyte");
    fs::write(&images, &fs::read(&images).unwrap()[..1000]).unwrap();
    mnist(&sub("swapped"), 12, &[1; 12]);
    fs::copy(dir.join("swapped/train-labels.idx1-ubyte"), dir.join("swapped/train-images-idx3-ubyte")).unwrap();
    let cases: &[(&str, &[&str])] = &[
        ("--mnist labels", &["labels", "label 2 is 12"]),
        ("--mnist count", &["3 images but 2 labels"]),
        ("--mnist none", &["there are none"]),
        ("--mnist cut", &["train-images-idx3-ubyte", "holds 984 elements", "2352"]),
        ("--mnist swapped", &["train-images-idx3-ubyte", "[00, 00, 08, 03]"]),
        ("--mnist nowhere", &["nowhere", "train-images-idx3-ubyte", "gunzip"]),
        ("--preset rmsprop", &["rmsprop", "sgd-0.1"]),
        ("--lr -1", &["-1", "positive"]),
        ("--batch 0", &["batch"]),
        ("--batches 0", &["batches"]),
        ("--backend numpy", &["`numpy`", "ndarray"]),
        ("--out file", &["file", "--out"]),
        ("--json no/where.json", &["no/where.json", "--json"]),
    ];
    for (args, parts) in cases {
        gradient_sound().refused(&dir, args, parts);
    }
    assert!(!dir.join("out").exists(), "what is refused leaves nothing behind");
}
