//! Trees of parameters: structs, tuples, vectors and maps whose leaves are arrays.

use std::collections::BTreeMap;
use std::fmt;

use crate::array::Array;
use crate::error::{Error, Result};

/// The way from the root of a tree to a leaf: what names a weight in a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct TreePath<'a> {
    parent: Option<&'a TreePath<'a>>,
    name: &'a str,
}

impl<'a> TreePath<'a> {
    /// The path of a child.
    pub fn join(&'a self, name: &'a str) -> TreePath<'a> {
        TreePath { parent: Some(self), name }
    }
}

impl fmt::Display for TreePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
            if parent.parent.is_some() {
                f.write_str(".")?;
            }
        }
        f.write_str(self.name)
    }
}

/// A value whose leaves are arrays: what is differentiated, optimised, vectorised over and saved.
///
/// Derive it for structs; tuples, `Vec`, `Option`, arrays and maps have it.
///
/// ```
/// use array_api::{Array, Tree};
/// #[derive(Clone, Tree)]
/// struct Linear { weight: Array, bias: Option<Array>, #[tree(skip)] name: String }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither an array nor a tree of arrays",
    note = "derive `Tree` for it, or mark a field that is not to be trained with `#[tree(skip)]`"
)]
pub trait Tree: Sized {
    /// Visits every leaf with its path, always in the same order.
    fn visit<'t>(&'t self, path: &TreePath<'_>, f: &mut dyn FnMut(&TreePath<'_>, &'t Array));

    /// A tree of the same structure with every leaf replaced.
    ///
    /// # Errors
    /// The function's first.
    fn map(&self, f: &mut dyn FnMut(&Array) -> Result<Array>) -> Result<Self>;

    /// The same, giving the leaves away, so that their buffers may be written in place.
    ///
    /// # Errors
    /// The function's first.
    fn map_owned(self, f: &mut dyn FnMut(Array) -> Result<Array>) -> Result<Self>;

    /// The leaves in order.
    fn leaves(&self) -> Vec<&Array> {
        let mut all = vec![];
        self.visit(&TreePath::default(), &mut |_, a| all.push(a));
        all
    }

    /// The leaves with the names that their paths spell, such as `layers.0.weight`.
    fn named_leaves(&self) -> Vec<(String, &Array)> {
        let mut all = vec![];
        self.visit(&TreePath::default(), &mut |path, a| all.push((path.to_string(), a)));
        all
    }

    /// A tree of the same structure with other leaves.
    ///
    /// # Errors
    /// If there are too few or too many.
    fn with_leaves(&self, leaves: impl IntoIterator<Item = Array>) -> Result<Self> {
        let mut leaves = leaves.into_iter();
        let few = || Error::value("tree", "there are fewer leaves than the tree has places");
        let tree = self.map(&mut |_| leaves.next().ok_or_else(few))?;
        match leaves.next() {
            None => Ok(tree),
            Some(_) => Err(Error::value("tree", "there are more leaves than the tree has places")),
        }
    }
}

impl Tree for Array {
    fn visit<'t>(&'t self, path: &TreePath<'_>, f: &mut dyn FnMut(&TreePath<'_>, &'t Array)) {
        f(path, self);
    }
    fn map(&self, f: &mut dyn FnMut(&Array) -> Result<Array>) -> Result<Self> {
        f(self)
    }
    fn map_owned(self, f: &mut dyn FnMut(Array) -> Result<Array>) -> Result<Self> {
        f(self)
    }
}

macro_rules! sequences {
    ($([$($generic:tt)*] $t:ty, $collect:expr;)*) => { $(
        impl<$($generic)*> Tree for $t {
            fn visit<'t>(&'t self, path: &TreePath<'_>, f: &mut dyn FnMut(&TreePath<'_>, &'t Array)) {
                self.iter().enumerate().for_each(|(i, t)| t.visit(&path.join(&i.to_string()), f));
            }
            fn map(&self, f: &mut dyn FnMut(&Array) -> Result<Array>) -> Result<Self> {
                let items: Vec<T> = self.iter().map(|t| t.map(f)).collect::<Result<_>>()?;
                Ok($collect(items))
            }
            fn map_owned(self, f: &mut dyn FnMut(Array) -> Result<Array>) -> Result<Self> {
                let items: Vec<T> = self.into_iter().map(|t| t.map_owned(f)).collect::<Result<_>>()?;
                Ok($collect(items))
            }
        }
    )* };
}

sequences! {
    [T: Tree] Vec<T>, |v| v;
    [T: Tree, const N: usize] [T; N], |v: Vec<T>| match v.try_into() { Ok(a) => a, Err(_) => unreachable!("as many as before") };
}

/// What is there has the name of its place, not one more: an optional `bias` is called `bias`.
impl<T: Tree> Tree for Option<T> {
    fn visit<'t>(&'t self, path: &TreePath<'_>, f: &mut dyn FnMut(&TreePath<'_>, &'t Array)) {
        self.iter().for_each(|t| t.visit(path, f));
    }
    fn map(&self, f: &mut dyn FnMut(&Array) -> Result<Array>) -> Result<Self> {
        self.as_ref().map(|t| t.map(f)).transpose()
    }
    fn map_owned(self, f: &mut dyn FnMut(Array) -> Result<Array>) -> Result<Self> {
        self.map(|t| t.map_owned(f)).transpose()
    }
}

impl<T: Tree> Tree for BTreeMap<String, T> {
    fn visit<'t>(&'t self, path: &TreePath<'_>, f: &mut dyn FnMut(&TreePath<'_>, &'t Array)) {
        self.iter().for_each(|(name, t)| t.visit(&path.join(name), f));
    }
    fn map(&self, f: &mut dyn FnMut(&Array) -> Result<Array>) -> Result<Self> {
        self.iter().map(|(name, t)| Ok((name.clone(), t.map(f)?))).collect()
    }
    fn map_owned(self, f: &mut dyn FnMut(Array) -> Result<Array>) -> Result<Self> {
        self.into_iter().map(|(name, t)| Ok((name, t.map_owned(f)?))).collect()
    }
}

macro_rules! tuples {
    ($(($($T:ident $i:tt $name:literal),*);)*) => { $(
        impl<$($T: Tree),*> Tree for ($($T,)*) {
            fn visit<'t>(&'t self, path: &TreePath<'_>, f: &mut dyn FnMut(&TreePath<'_>, &'t Array)) {
                let _ = (&path, &f);
                $(self.$i.visit(&path.join($name), f);)*
            }
            fn map(&self, f: &mut dyn FnMut(&Array) -> Result<Array>) -> Result<Self> {
                let _ = &f;
                Ok(($(self.$i.map(f)?,)*))
            }
            fn map_owned(self, f: &mut dyn FnMut(Array) -> Result<Array>) -> Result<Self> {
                let _ = &f;
                Ok(($(self.$i.map_owned(f)?,)*))
            }
        }
    )* };
}

tuples! {
    ();
    (A 0 "0");
    (A 0 "0", B 1 "1");
    (A 0 "0", B 1 "1", C 2 "2");
    (A 0 "0", B 1 "1", C 2 "2", D 3 "3");
    (A 0 "0", B 1 "1", C 2 "2", D 3 "3", E 4 "4");
}
