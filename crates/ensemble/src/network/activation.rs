//! Activations by name.

use array_api::{Array, Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An activation, as its paper defines it (see the functions of the protocol's category `activation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // the names are the literature's
pub enum Activation {
    Relu,
    Elu,
    Selu,
    Gelu,
    Tanh,
    Sigmoid,
    Softplus,
    Identity,
}

/// Every activation with its name.
const NAMES: [(Activation, &str); 8] = [
    (Activation::Relu, "relu"),
    (Activation::Elu, "elu"),
    (Activation::Selu, "selu"),
    (Activation::Gelu, "gelu"),
    (Activation::Tanh, "tanh"),
    (Activation::Sigmoid, "sigmoid"),
    (Activation::Softplus, "softplus"),
    (Activation::Identity, "identity"),
];

impl Activation {
    /// Applies the activation; a donated array may be overwritten.
    ///
    /// # Errors
    /// For types that are not real floats.
    pub fn apply(self, x: Array) -> Result<Array> {
        match self {
            Activation::Relu => array_api::relu(x),
            Activation::Elu => array_api::elu(x, ..),
            Activation::Selu => array_api::selu(x),
            Activation::Gelu => array_api::gelu(x),
            Activation::Tanh => array_api::tanh(x),
            Activation::Sigmoid => array_api::sigmoid(x),
            Activation::Softplus => array_api::softplus(x),
            Activation::Identity => Ok(x),
        }
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(a, _)| a == self).map_or("", |(_, n)| n);
        f.pad(name)
    }
}

impl FromStr for Activation {
    type Err = Error;
    fn from_str(s: &str) -> Result<Activation> {
        NAMES.iter().find(|(_, n)| *n == s).map(|(a, _)| *a).ok_or_else(|| {
            let names = NAMES.map(|(_, n)| n).join(", ");
            Error::value("activation", format!("there is no activation `{s}`; there are {names}"))
        })
    }
}
