//! `#[implements(function)]` and `#[derive(Tree)]`, re-exported by `array-api`.

use proc_macro::TokenStream;
use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Ident, Span, TokenStream as Tokens};
use quote::quote;

mod implements;
mod tree;

/// Registers a typed function as the implementation of an operation for an array type.
///
/// ```ignore
/// #[implements(sum)]
/// fn sum(x: &Diagonal, p: &Sum) -> Result<Array> { ... }
/// ```
///
/// The argument is the operation's function: a single word is the protocol's own, a path such as
/// `self::outsider` or `their_crate::outsider` a third party's. Options: `override` replaces somebody else's
/// implementation; `kind = T` names the array type where no parameter does.
///
/// Parameters of the function, in the row's order of arguments:
///
/// | type | receives |
/// |---|---|
/// | `&T` | a borrowed array of the type; a weak scalar becomes a 0-d array |
/// | `T` | the same by value: a donated one may be written in place |
/// | `Arg<'_, T>` | borrowed, donated or a weak scalar, told apart |
/// | `Option<..>` | one of the above that the caller may leave out |
/// | `&[&T]` | a list argument |
/// | `&Array` | an array of any kind, for mixed calls |
/// | `&Params` | the row's parameters, by the name of their struct |
/// | `&Namespace`, `&Verdict` | where the result goes; its shape and type |
/// | `&mut Call<'_, '_>` | alone: the whole call as data |
///
/// The result is `Result<T>`, `Result<Array>`, arrays or vectors of them for several results, or `Result<_, Exit>` for a
/// function that may [`decline`](https://docs.rs/array-api).
#[proc_macro_attribute]
pub fn implements(attribute: TokenStream, item: TokenStream) -> TokenStream {
    implements::expand(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a struct whose fields are arrays or trees a tree of parameters. Fields marked `#[tree(skip)]` are cloned.
#[proc_macro_derive(Tree, attributes(tree))]
pub fn derive_tree(item: TokenStream) -> TokenStream {
    tree::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// The protocol's crate as the user's Cargo.toml names it: itself, or the facade that re-exports it.
fn protocol() -> Tokens {
    let name = ["array-api", "array-protocol"].into_iter().find_map(|name| match crate_name(name) {
        Ok(FoundCrate::Itself) => Some(name.replace('-', "_")),
        Ok(FoundCrate::Name(found)) => Some(found),
        Err(_) => None,
    });
    let ident = Ident::new(&name.unwrap_or_else(|| "array_api".into()), Span::call_site());
    quote!(::#ident)
}
