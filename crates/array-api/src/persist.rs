//! Asking arrays that plan before they compute for their elements, and going on with these.

use crate::array::Array;
use crate::error::{Error, Result};
use crate::kind::{Kind, Persist};
use crate::tree::Tree;

/// The same arrays, computed: what is made of them afterwards begins there.
///
/// Arrays that hold their elements are given back as they are. Lazy ones are computed, all of a kind together, so that what
/// they share is computed once. An algorithm that goes on and on with its own results asks once a step, or a lazy kind would
/// plan all steps as one expression, and compute it from the beginning whenever a number is asked for.
///
/// ```
/// use array_api::{Array, Result, persist};
/// /// A step of a sum of ever smaller terms, on arrays of any kind.
/// fn step((term, total): (Array, Array)) -> Result<(Array, Array)> {
///     let total = (total + &term).ok()?;
///     persist(((term * 0.5).ok()?, total))
/// }
/// ```
///
/// # Errors
/// If computing fails.
pub fn persist<T: Tree>(tree: T) -> Result<T> {
    let mut kinds: Vec<(&'static Kind, Persist)> = vec![];
    tree.visit(&Default::default(), &mut |_, leaf| {
        let kind = leaf.kind();
        if let Some(f) = kind.persistence().filter(|_| !kinds.iter().any(|(k, _)| std::ptr::eq(*k, kind))) {
            kinds.push((kind, f));
        }
    });
    kinds.into_iter().try_fold(tree, |tree, (kind, f)| {
        let is_lazy = |leaf: &&Array| std::ptr::eq(leaf.kind(), kind);
        let mut computed = f(&tree.leaves().into_iter().filter(is_lazy).collect::<Vec<_>>())?.into_iter();
        let missing = || Error::backend("persist", format!("the kind {} gave too few results", kind.name()));
        tree.map_owned(&mut |leaf| if is_lazy(&&leaf) { computed.next().ok_or_else(missing) } else { Ok(leaf) })
    })
}
