//! The article's network: 20 filters of 5 by 5, pooling, 50 filters of 5 by 5, pooling, 500 units, 10 digits.

use array_protocol::prelude::*;

/// Weights and biases of one layer.
#[derive(Clone, Debug, Tree)]
pub(crate) struct Layer {
    weight: Array,
    bias: Array,
}

/// All layers, in order; also what has one gradient per weight.
#[derive(Clone, Debug, Tree)]
pub(crate) struct Network {
    layers: Vec<Layer>,
}

/// Names of the layers, and shapes of their weights as PyTorch orders them: outputs, inputs, and the window.
pub(crate) const LAYERS: [(&str, &[usize]); 4] = [
    ("convolution 1", &[20, 1, 5, 5]),
    ("convolution 2", &[50, 20, 5, 5]),
    ("dense 1", &[500, 800]),
    ("dense 2", &[10, 500]),
];

impl Network {
    /// Draws weights and biases from U(-1/sqrt(i), 1/sqrt(i)) with `i` inputs per output, as PyTorch does.
    pub(crate) fn draw(xp: &Namespace, key: &Array) -> Result<Network> {
        Network::of(|number, shape, inputs| {
            let bound = 1.0 / (inputs as f64).sqrt();
            xp.uniform(key.fold_in(number)?, Uniform::from((shape, DType::Float32)).low(-bound).high(bound))
        })
    }

    /// Of a function of the array's number (weights are 0 to 3, biases 10 to 13), its shape, and the inputs per output.
    fn of(make: impl Fn(u64, &[usize], usize) -> Result<Array>) -> Result<Network> {
        let layer = |(number, (_, shape)): (usize, &(&str, &[usize]))| {
            let inputs = shape[1..].iter().product();
            let number = number as u64;
            Ok(Layer { weight: make(number, shape, inputs)?, bias: make(number + 10, &shape[..1], inputs)? })
        };
        Ok(Network { layers: LAYERS.iter().enumerate().map(layer).collect::<Result<_>>()? })
    }

    /// Logarithms of the digits' probabilities, `(n, 10)`, of images `(n, 1, 28, 28)`.
    pub(crate) fn log_probabilities(&self, images: &Array) -> Result<Array> {
        let [convolution_1, convolution_2, dense_1, dense_2] = &self.layers[..] else {
            return Err(Error::value("network", format!("there are {} layers where 4 are due", self.layers.len())));
        };
        let x = convolution_2.pooled(&convolution_1.pooled(images)?)?;
        let x = dense_1.product(&x.reshape([x.shape()?[0] as isize, -1])?)?.relu()?;
        dense_2.product(&x)?.log_softmax(-1)
    }

    /// The mean negative logarithm of the probability of the label.
    pub(crate) fn loss(&self, images: &Array, labels: &Array) -> Result<Array> {
        let chosen = take_along_axis(self.log_probabilities(images)?, labels.expand_dims(1)?, 1)?;
        chosen.mean(..)?.negative()
    }

    /// The norm of each layer over weight and bias together, `(4,)`, `float64`.
    pub(crate) fn norms(&self) -> Result<Array> {
        let squares = |x: &Array| x.astype(DType::Float64)?.square()?.sum(..);
        let norm = |layer: &Layer| (squares(&layer.weight)? + squares(&layer.bias)?).sqrt();
        stack(self.layers.iter().map(norm).collect::<Result<Vec<_>>>()?, 0)
    }
}

impl Layer {
    fn pooled(&self, x: &Array) -> Result<Array> {
        let bias = self.bias.reshape([-1, 1, 1])?;
        max_pool2d((conv2d(x, &self.weight, ..)? + bias).relu()?, 2)
    }

    fn product(&self, x: &Array) -> Result<Array> {
        (x.matmul(self.weight.matrix_transpose()?)? + &self.bias).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Loss and norms of the gradients by PyTorch 2.11 on the same weights and digits: data/norms.py.
    #[test]
    fn norms_agree_with_pytorch() {
        let xp = array_protocol::ndarray();
        let network = Network::of(|number, shape, inputs| {
            let n: usize = shape.iter().product();
            let i = xp.arange(0..n as i64)?.astype(DType::Float64)?;
            let values = ((i + (number + 1) as f64).sin()? / (inputs as f64).sqrt()).ok()?;
            values.astype(DType::Float32)?.reshape(shape.iter().map(|n| *n as isize).collect::<Vec<_>>())
        });
        let (images, labels) = crate::digits::first(&xp, 10);
        let (loss, gradient) = value_and_grad(|n: &Network| n.loss(&images, &labels))(&network.unwrap()).unwrap();
        let due: serde_json::Value = serde_json::from_str(include_str!("data/norms.json")).unwrap();
        let ours = gradient.norms().unwrap().to_vec::<f64>().unwrap();
        let close = |ours: f64, due: &serde_json::Value| {
            let due = due.as_f64().unwrap();
            assert!((ours / due - 1.0).abs() < 1e-5, "{ours} {due}");
        };
        close(f64::from(loss.item::<f32>().unwrap()), &due["loss"]);
        (0..4).for_each(|i| close(ours[i], &due["norms"][i]));
    }
}
