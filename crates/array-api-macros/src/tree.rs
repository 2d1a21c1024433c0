//! `#[derive(Tree)]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Error, Fields, Index, Member, Result};

pub(crate) fn expand(item: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(item)?;
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(input.ident.span(), "a tree is a struct whose fields are arrays or trees"));
    };
    let api = crate::protocol();
    let (mut visits, mut maps, mut map_owned) = (vec![], vec![], vec![]);
    for (i, field) in data.fields.iter().enumerate() {
        let member = match &field.ident {
            Some(name) => Member::Named(name.clone()),
            None => Member::Unnamed(Index::from(i)),
        };
        let mut skip = false;
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("tree")) {
            attribute.parse_nested_meta(|meta| match meta.path.is_ident("skip") {
                true => {
                    skip = true;
                    Ok(())
                }
                false => Err(meta.error("the only option is `skip`")),
            })?;
        }
        if skip {
            maps.push(quote!(#member: ::core::clone::Clone::clone(&self.#member)));
            map_owned.push(quote!(#member: self.#member));
            continue;
        }
        let name = field.ident.as_ref().map_or_else(|| i.to_string(), |n| n.to_string());
        visits.push(quote!(#api::Tree::visit(&self.#member, &path.join(#name), f);));
        maps.push(quote!(#member: #api::Tree::map(&self.#member, f)?));
        map_owned.push(quote!(#member: #api::Tree::map_owned(self.#member, f)?));
    }
    let name = &input.ident;
    let mut generics = input.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(syn::parse_quote!(#api::Tree));
    }
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let unit = matches!(data.fields, Fields::Unit).then(|| quote!(let _ = (path, f);));
    let lifetime = format_ident!("t");
    let lifetime = syn::Lifetime::new(&format!("'{lifetime}"), input.ident.span());
    Ok(quote! {
        impl #impl_generics #api::Tree for #name #type_generics #where_clause {
            fn visit<#lifetime>(&#lifetime self, path: &#api::TreePath<'_>, f: &mut dyn FnMut(&#api::TreePath<'_>, &#lifetime #api::Array)) {
                #unit
                #(#visits)*
            }
            fn map(&self, f: &mut dyn FnMut(&#api::Array) -> #api::Result<#api::Array>) -> #api::Result<Self> {
                Ok(#name { #(#maps),* })
            }
            fn map_owned(self, f: &mut dyn FnMut(#api::Array) -> #api::Result<#api::Array>) -> #api::Result<Self> {
                Ok(#name { #(#map_owned),* })
            }
        }
    })
}
