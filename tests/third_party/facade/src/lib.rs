//! Macros and derives find the protocol where only the facade is a dependency.

#[cfg(test)]
mod tests {
    use array_protocol::prelude::*;

    operation! {
        /// `x` to the third power.
        Cube = cube(x: One) {} -> Array;
        "elementwise", Elementwise, rule::numeric, compose |_, call| multiply(square(&call[0])?, &call[0]),
        methods (trait CubeMethod)
    }

    #[derive(Clone, Tree)]
    struct Line {
        slope: Array,
        offset: Array,
    }

    #[derive(Clone, Debug)]
    struct Nothing;

    static NOTHING: Kind = Kind::new("nothing");

    impl ArrayImpl for Nothing {
        fn kind(&self) -> &'static Kind {
            &NOTHING
        }
        fn dims(&self) -> Dims {
            Dims::from(0)
        }
        fn dtype(&self) -> DType {
            DType::Float64
        }
    }

    impl Native for Nothing {
        const KIND: &'static Kind = &NOTHING;
    }

    #[implements(self::cube)]
    fn cube_of_nothing(_: &Nothing) -> Result<Nothing> {
        Ok(Nothing)
    }

    #[implements(sin)]
    fn sine_of_nothing(_: &Nothing) -> Result<Nothing> {
        Ok(Nothing)
    }

    #[test]
    fn operations_implementations_trees_and_indices() {
        let xp = array_protocol::ndarray();
        let x = xp.asarray([1.0, 2.0]).unwrap();
        assert_eq!(x.cube().unwrap().to_vec::<f64>().unwrap(), [1.0, 8.0]);
        assert_eq!(x.at(index![-1]).unwrap().item::<f64>().unwrap(), 2.0);
        let nothing = Array::new(Nothing);
        assert_eq!(nothing.cube().unwrap().sin().unwrap().kind().name(), "nothing");
        assert!(explain("cube", &[&nothing]).unwrap().to_string().contains("lib.rs"));
        let line = Line { slope: x.clone(), offset: x.clone() };
        let gradient = grad(|l: &Line| (&l.slope * 3.0 + &l.offset).sum(..))(&line).unwrap();
        assert_eq!(gradient.slope.to_vec::<f64>().unwrap(), [3.0, 3.0]);
        assert_eq!(gradient.offset.to_vec::<f64>().unwrap(), [1.0, 1.0]);
        assert!("ndarray".parse::<Namespace>().is_ok());
    }
}
