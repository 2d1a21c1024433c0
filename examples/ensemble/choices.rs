//! Values of options that are more than a number or a word: `sine:3`, `gaussian:0.1`, `20,20`.

use array_api::{DType, Error};
use ensemble::{Head, Noise, Prior};

/// The number behind a name, such as 3 in `sine:3`.
fn number<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not {what}"))
}

/// `network`, `none`, `linear`, `linear:SD`, `sine`, `sine:FREQUENCY`, `fourier` or `fourier:FEATURES:LENGTHSCALE`.
pub(crate) fn prior(text: &str) -> Result<Prior, String> {
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        ["network"] => Ok(Prior::Network),
        ["none"] => Ok(Prior::None),
        ["sine"] => Ok(Prior::Sine { frequency: 3.0 }),
        ["sine", f] => Ok(Prior::Sine { frequency: number(f, "a frequency")? }),
        ["fourier"] => Ok(Prior::Fourier { features: 100, lengthscale: 1.0 }),
        ["fourier", m, l] => Ok(Prior::Fourier {
            features: number(m, "a number of features")?,
            lengthscale: number(l, "a length scale")?,
        }),
        ["linear"] => Ok(Prior::Linear { sd: 1.0 }),
        ["linear", sd] => Ok(Prior::Linear { sd: number(sd, "a standard deviation")? }),
        _ => Err("priors are network, linear, linear:SD, sine, sine:FREQUENCY, fourier, fourier:FEATURES:LENGTHSCALE \
                  and none"
            .into()),
    }
}

/// `none`, `gaussian:SD`, `multinomial`, `poisson` or `exponential`.
pub(crate) fn noise(text: &str) -> Result<Noise, String> {
    match text.split_once(':') {
        None if text == "none" => Ok(Noise::None),
        None if text == "multinomial" => Ok(Noise::Multinomial),
        None if text == "poisson" => Ok(Noise::Poisson),
        None if text == "exponential" => Ok(Noise::Exponential),
        Some(("gaussian", sd)) => Ok(Noise::Gaussian { sd: number(sd, "a standard deviation")? }),
        _ => Err("noises are none, gaussian:SD, multinomial, poisson and exponential".into()),
    }
}

/// `mean`, `mean:SD` with the data's known noise, `noise` or `variance`.
pub(crate) fn head(text: &str) -> Result<Head, String> {
    match text.split_once(':') {
        None if text == "mean" => Ok(Head::Mean { noise_sd: None }),
        None if text == "noise" => Ok(Head::Noise),
        None if text == "variance" => Ok(Head::Variance),
        Some(("mean", sd)) => Ok(Head::Mean { noise_sd: Some(number(sd, "a standard deviation")?) }),
        _ => Err("heads are mean, mean:SD (noise of the data that is known), noise and variance".into()),
    }
}

/// `20,20`, or `none` for a linear model.
pub(crate) fn widths(text: &str) -> Result<Vec<usize>, String> {
    if text == "none" {
        return Ok(vec![]);
    }
    text.split(',').map(|w| number(w.trim(), "a number of units; write 20,20 or none")).collect()
}

/// `float32` or `float64`.
pub(crate) fn dtype(text: &str) -> Result<DType, String> {
    match text.parse::<DType>() {
        Ok(d) if d.is_real_floating() => Ok(d),
        Ok(_) => Err("networks compute in float32 or float64".into()),
        Err(e) => Err(Error::message(&e).to_string()),
    }
}

/// A delimiter: one byte, or `tab`.
pub(crate) fn delimiter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        b"tab" | b"\\t" => Ok(b'\t'),
        [one] => Ok(*one),
        _ => Err("give one character, or tab".into()),
    }
}

/// A share of at least 0 and less than 1.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    match number(text, "a number")? {
        s if (0.0..1.0).contains(&s) => Ok(s),
        s => Err(format!("{s} is not a share: at least 0 and less than 1 is due")),
    }
}

/// A level between 0 and 1, both excluded.
pub(crate) fn level(text: &str) -> Result<f64, String> {
    match number(text, "a number")? {
        l if l > 0.0 && l < 1.0 => Ok(l),
        l => Err(format!("{l} is not a level: more than 0 and less than 1 is due, such as 0.9")),
    }
}

/// How a prior is written.
pub(crate) fn prior_text(prior: Prior) -> String {
    match prior {
        Prior::None => "none".into(),
        Prior::Network => "network".into(),
        Prior::Sine { frequency } => format!("sin({frequency} x)"),
        Prior::Fourier { features, lengthscale } => format!("{features} Fourier features, length {lengthscale}"),
        Prior::Linear { sd } => format!("linear, weights of sd {sd}"),
        Prior::Function => "own function".into(),
    }
}

/// How a noise is written.
pub(crate) fn noise_text(noise: Noise) -> String {
    match noise {
        Noise::None => "none".into(),
        Noise::Gaussian { sd } => format!("Gaussian, sd {sd}"),
        Noise::Multinomial => "multinomial bootstrap".into(),
        Noise::Poisson => "Poisson bootstrap".into(),
        Noise::Exponential => "exponential weights".into(),
    }
}

/// How a head is written.
pub(crate) fn head_text(head: Head) -> String {
    match head {
        Head::Mean { noise_sd: None } => "mean".into(),
        Head::Mean { noise_sd: Some(sd) } => format!("mean, known noise of sd {sd}"),
        Head::Noise => "mean and one noise".into(),
        Head::Variance => "mean and variance".into(),
    }
}
