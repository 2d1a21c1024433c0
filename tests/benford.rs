//! The example `benford` as a process: a column, the model that it trains, a published model, and how it refuses.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use program::trial::{Trial, holds_all, json};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json as value};

fn benford() -> &'static Trial {
    static PROGRAM: OnceLock<Trial> = OnceLock::new();
    PROGRAM.get_or_init(|| Trial::of("benford"))
}

const WIDTH: usize = 16;

/// Names and shapes of a GPT-2's tensors, in the published order.
fn shapes(vocab: usize, positions: usize, layers: usize) -> Vec<(String, Vec<usize>)> {
    let mut all = vec![("wte.weight".to_owned(), vec![vocab, WIDTH]), ("wpe.weight".into(), vec![positions, WIDTH])];
    for i in 0..layers {
        for (name, weight, bias) in [
            ("ln_1", vec![WIDTH], WIDTH),
            ("attn.c_attn", vec![WIDTH, 3 * WIDTH], 3 * WIDTH),
            ("attn.c_proj", vec![WIDTH, WIDTH], WIDTH),
            ("ln_2", vec![WIDTH], WIDTH),
            ("mlp.c_fc", vec![WIDTH, 4 * WIDTH], 4 * WIDTH),
            ("mlp.c_proj", vec![4 * WIDTH, WIDTH], WIDTH),
        ] {
            all.push((format!("h.{i}.{name}.weight"), weight));
            all.push((format!("h.{i}.{name}.bias"), vec![bias]));
        }
    }
    all.extend(["weight", "bias"].map(|part| (format!("ln_f.{part}"), vec![WIDTH])));
    all
}

/// Writes a file of tensors whose elements a formula gives.
fn write_weights(path: &Path, shapes: &[(String, Vec<usize>)]) {
    let data: Vec<Vec<u8>> = shapes
        .iter()
        .map(|(_, shape)| {
            let n: usize = shape.iter().product();
            (0..n).flat_map(|i| ((0.37 * i as f32).sin() * 0.3).to_le_bytes()).collect()
        })
        .collect();
    let views = shapes
        .iter()
        .zip(&data)
        .map(|((name, shape), data)| (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), data).unwrap()));
    fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// A byte-level tokenizer of printable ASCII, in which a digit joins the space before it.
fn tokenizer() -> Value {
    let space = '\u{120}';
    let mut tokens: Vec<String> = ('!'..='~').chain([space]).map(String::from).collect();
    tokens.extend((1..=9).map(|d| format!("{space}{d}")));
    let vocab: BTreeMap<&str, usize> = tokens.iter().enumerate().map(|(id, token)| (token.as_str(), id)).collect();
    let merges: Vec<String> = (1..=9).map(|d| format!("{space} {d}")).collect();
    let bytes = value!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true });
    value!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": bytes, "post_processor": null, "decoder": bytes,
        "model": { "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "vocab": vocab, "merges": merges }
    })
}

/// A folder with a whole model of random weights.
fn model(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let vocab = tokenizer()["model"]["vocab"].as_object().unwrap().len();
    let config = value!({ "model_type": "gpt2", "activation_function": "gelu_new", "n_layer": 2, "n_head": 2,
        "n_embd": WIDTH, "n_positions": 40, "vocab_size": vocab, "layer_norm_epsilon": 1e-5 });
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    fs::write(folder.join("tokenizer.json"), tokenizer().to_string()).unwrap();
    write_weights(&folder.join("model.safetensors"), &shapes(vocab, 40, 2));
}

fn sums_to_one(digits: &Value) -> bool {
    let digits = digits.as_array().unwrap();
    digits.len() == 9 && (digits.iter().map(|p| p.as_f64().unwrap()).sum::<f64>() - 1.0).abs() < 1e-9
}

#[test]
fn a_published_model_says_digits_and_goes_on() {
    let dir = benford().folder("published");
    model(&dir.join("small"));
    let said = benford().ok(&dir, "--model small --prompt of --prompt about --generate 12 --top-k 3 --json a.json");
    assert!(said.contains("The GPT-2 in small: 2 blocks, 2 heads, width 16"), "{said}");
    let all = json(&dir.join("a.json"));
    assert_eq!(all["prompts"].as_array().unwrap().len(), 2);
    assert!(sums_to_one(&all["mean"]) && sums_to_one(&all["prompts"][1]["digits"]));
    assert!(all["mean_distance"]["divergence"].as_f64().unwrap() > 0.0);
    assert!(all["continuation"].as_str().unwrap().starts_with("of"));
    for figure in ["digits.png", "prompts.png"] {
        assert!(fs::read(dir.join("out/benford").join(figure)).unwrap().starts_with(b"\x89PNG"));
    }
    assert!(holds_all(&dir.join("out/benford/report.html"), 2));
    // A file whose names begin as a model with a head saves them holds the same.
    let renamed: Vec<_> = shapes(104, 40, 2).into_iter().map(|(name, s)| (format!("transformer.{name}"), s)).collect();
    write_weights(&dir.join("small/model.safetensors"), &renamed);
    benford().ok(&dir, "--model small --prompt of --prompt about --generate 12 --top-k 3 --json b.json");
    assert_eq!(all, json(&dir.join("b.json")));
}

/// Models in the forms in which transformers and the hub publish them, and what transformers says of each: tests/data/gpt2.
#[test]
fn what_is_published_says_what_it_says_in_transformers() {
    let dir = benford().folder("forms");
    for form in ["first", "sharded", "untied"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/gpt2").join(form);
        let due = json(&folder.join("said.json"));
        let mut command = benford().command(&dir);
        command.arg("--model").arg(&folder).args(["--top-k", "1", "--json", "a.json"]);
        command.arg("--generate").arg(due["generated"].to_string());
        for prompt in due["prompts"].as_array().unwrap() {
            command.arg("--prompt").arg(prompt["prompt"].as_str().unwrap());
        }
        let out = command.output().unwrap();
        assert!(out.status.success(), "{form}: {}", String::from_utf8_lossy(&out.stderr));
        let ours = json(&dir.join("a.json"));
        assert_eq!(ours["continuation"], due["continuation"], "{form}");
        for (ours, due) in ours["prompts"].as_array().unwrap().iter().zip(due["prompts"].as_array().unwrap()) {
            let digits = (0..9).map(|d| (&ours["digits"][d], &due["digits"][d]));
            for (a, b) in digits.chain([(&ours["any"], &due["any"])]) {
                let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
                assert!((a - b).abs() < 1e-5, "{form}, {}: {a} {b}", due["prompt"]);
            }
        }
    }
}

#[test]
fn a_model_is_trained_where_none_is_given() {
    let dir = benford().folder("trained");
    let said = benford().ok(&dir, "--steps 120 --generate 30 --json a.json");
    assert!(said.contains("character-level") && said.contains("--model DIR"), "{said}");
    let all = json(&dir.join("a.json"));
    assert!(sums_to_one(&all["mean"]));
    let loss = all["model"].as_str().unwrap().split("loss of ").nth(1).unwrap();
    // A model that has learnt nothing says each of 66 characters with 4.2 nats.
    assert!(loss.split(' ').next().unwrap().parse::<f64>().unwrap() < 2.5, "{loss}");
    // After "of" comes a number: the digits take most of the probability.
    assert!(all["prompts"].as_array().unwrap().iter().all(|p| p["any"].as_f64().unwrap() > 0.5), "{all}");
}

#[test]
fn columns_are_tested() {
    let dir = benford().folder("column");
    let said = benford().ok(&dir, "--column population --json a.json");
    assert!(said.contains("countries.csv") && said.contains("Nigrini"), "{said}");
    assert_eq!(json(&dir.join("a.json"))["n"], 234);
    // Powers of 3 follow the law; numbers of 100 to 999 do not.
    let mut text = String::from("power;plain\n");
    let mut power = 1.0f64;
    for i in 0..900 {
        text.push_str(&format!("{power:e};{}\n", 100 + i));
        power = if power > 1e200 { power * 3e-200 } else { power * 3.0 };
    }
    fs::write(dir.join("t.csv"), text).unwrap();
    benford().ok(&dir, "--data t.csv --column power --json power.json");
    benford().ok(&dir, "--data t.csv --column plain --json plain.json");
    let (power, plain) = (json(&dir.join("power.json")), json(&dir.join("plain.json")));
    assert_eq!((&power["verdict"], &plain["verdict"]), (&"close conformity".into(), &"nonconformity".into()));
    assert!(power["chi_squared_p"].as_f64().unwrap() > 0.9 && power["kuiper_p"].as_f64().unwrap() > 0.9, "{power}");
    assert!(plain["chi_squared_p"].as_f64().unwrap() < 1e-9 && plain["kuiper_p"].as_f64().unwrap() < 1e-9, "{plain}");
    assert_eq!(plain["counts"], value!([100, 100, 100, 100, 100, 100, 100, 100, 100]));
}

#[test]
fn wrong_input_is_refused_with_what_to_do() {
    let dir = benford().folder("refused");
    let broken = |name: &str, change: &dyn Fn(&Path)| {
        model(&dir.join(name));
        change(&dir.join(name));
    };
    broken("cut", &|m| {
        let file = m.join("model.safetensors");
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    });
    broken("missing", &|m| {
        let rest: Vec<_> = shapes(104, 40, 2).into_iter().filter(|(name, _)| name != "h.1.mlp.c_fc.bias").collect();
        write_weights(&m.join("model.safetensors"), &rest);
    });
    broken("shape", &|m| write_weights(&m.join("model.safetensors"), &shapes(104, 41, 2)));
    broken("words", &|m| write_weights(&m.join("model.safetensors"), &shapes(90, 40, 2)));
    broken("config", &|m| fs::write(m.join("config.json"), "{\"n_layer\": 2}").unwrap());
    broken("tokens", &|m| fs::write(m.join("tokenizer.json"), "{}").unwrap());
    broken("header", &|m| fs::write(m.join("model.safetensors"), [255; 40]).unwrap());
    broken("short", &|m| fs::write(m.join("model.safetensors"), [1; 5]).unwrap());
    broken("none", &|m| fs::remove_file(m.join("model.safetensors")).unwrap());
    broken("pickle", &|m| fs::rename(m.join("model.safetensors"), m.join("pytorch_model.bin")).unwrap());
    let indexed = |name: &str, map: Value| {
        broken(name, &|m| {
            fs::rename(m.join("model.safetensors"), m.join("all.safetensors")).unwrap();
            fs::write(m.join("model.safetensors.index.json"), value!({ "weight_map": map }).to_string()).unwrap();
        });
    };
    indexed("shard", value!({ "wte.weight": "all.safetensors", "wpe.weight": "other.safetensors" }));
    indexed("index", value!({ "wte.weight": "all.safetensors", "h.7.ln_1.weight": "all.safetensors" }));
    indexed("outside", value!({ "wte.weight": "../whole/model.safetensors" }));
    let configured = |name: &str, from: &str, to: &str| {
        broken(name, &|m| {
            let config = fs::read_to_string(m.join("config.json")).unwrap().replace(from, to);
            fs::write(m.join("config.json"), config).unwrap();
        });
    };
    configured("bert", "\"gpt2\"", "\"bert\"");
    configured("heads", "\"n_head\":2", "\"n_head\":3");
    configured("untied", "{", "{\"tie_word_embeddings\": false,");
    configured("swish", "gelu_new", "swish");
    configured("fewer", "\"vocab_size\":104", "\"vocab_size\":90");
    broken("whole", &|_| {});
    broken("half", &|m| fs::remove_file(m.join("tokenizer.json")).unwrap());
    fs::write(dir.join("names.csv"), "name,zero\nanna,0\nbob,0.0\n").unwrap();
    fs::write(dir.join("file"), "").unwrap();
    let cases: &[(&str, &[&str])] = &[
        ("--model cut", &["cut/model.safetensors", "no whole safetensors file"]),
        ("--model missing", &["missing/model.safetensors", "h.1.mlp.c_fc.bias", "27 tensors"]),
        ("--model shape", &["wpe.weight", "[41, 16]", "[40, 16]"]),
        ("--model words", &["wte.weight", "[90, 16]", "[104, 16]"]),
        ("--model header", &["header/model.safetensors", "no whole safetensors file", "40 bytes"]),
        ("--model short", &["shorter than the 8 bytes", "5 bytes are here"]),
        ("--model none", &["none: there is neither model.safetensors nor model.safetensors.index.json"]),
        ("--model pickle", &["pytorch_model.bin", "save_pretrained"]),
        ("--model shard", &["shard/other.safetensors", "cannot be read"]),
        ("--model index", &["h.7.ln_1.weight", "all.safetensors, which does not hold it"]),
        ("--model outside", &["../whole/model.safetensors", "no name of a file beside the index"]),
        ("--model untied", &["no tensor lm_head.weight"]),
        ("--model swish", &["config.json", "swish", "gelu_new"]),
        ("--model fewer", &["tokenizer.json has 104 tokens where config.json has 90"]),
        ("--model config", &["config.json", "n_head"]),
        ("--model bert", &["config.json", "bert", "gpt2"]),
        ("--model heads", &["config.json", "multiple of n_head"]),
        ("--model tokens", &["tokenizer.json", "no tokenizer"]),
        ("--model half", &["half/tokenizer.json", "cannot be read"]),
        ("--model nowhere", &["nowhere/config.json", "cannot be read"]),
        ("--model whole --prompt of --generate 100", &["100 more", "40 positions", "--generate"]),
        ("--model whole --temperature 0", &["temperature", "--top-k 1"]),
        ("--model whole --top-k 0", &["top-k"]),
        ("--steps 0", &["steps"]),
        ("--generate 500", &["500 more", "96 positions"]),
        ("--prompt ü", &["'ü'", "never seen"]),
        ("--column name --data names.csv", &["'name'", "no number", "'anna' in line 2"]),
        ("--column zero --data names.csv", &["'zero'", "2 are zero"]),
        ("--column amount --data names.csv", &["'amount'", "name, zero"]),
        ("--column name --data none.csv", &["none.csv"]),
        ("--data names.csv", &["--column"]),
        ("--column population --model whole", &["--model"]),
        ("--backend numpy", &["`numpy`", "ndarray"]),
        ("--column area --out file", &["file", "--out"]),
        ("--json no/where.json", &["no/where.json", "--json"]),
    ];
    for (args, parts) in cases {
        benford().refused(&dir, args, parts);
    }
    let left = fs::read_dir(dir.join("out/benford")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "what is refused leaves no files behind");
}
