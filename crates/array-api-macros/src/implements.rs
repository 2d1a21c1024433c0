//! Writes the shim between the erased call and a typed kernel.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, FnArg, GenericArgument, ItemFn, Path, PathArguments, Result, ReturnType, Token, Type};

/// `sum`, `their::op`, with `override` and `kind = T`.
struct Attribute {
    function: Path,
    overrides: bool,
    kind: Option<Type>,
}

impl Parse for Attribute {
    fn parse(input: ParseStream<'_>) -> Result<Attribute> {
        if input.is_empty() {
            return Err(input.error("name the function that this implements, as in `#[implements(sum)]`"));
        }
        let mut attribute = Attribute { function: input.parse()?, overrides: false, kind: None };
        while input.parse::<Option<Token![,]>>()?.is_some() {
            if input.parse::<Option<Token![override]>>()?.is_some() {
                attribute.overrides = true;
            } else {
                let word: Ident = input.parse()?;
                if word != "kind" {
                    return Err(Error::new(word.span(), "expected `override` or `kind = Type`"));
                }
                input.parse::<Token![=]>()?;
                attribute.kind = Some(input.parse()?);
            }
        }
        Ok(attribute)
    }
}

/// What a parameter of the kernel receives.
enum Slot {
    Params,
    Namespace,
    Verdict,
    Call,
    /// An argument of the call.
    Argument(Box<Form>),
}

enum Form {
    Any,
    Borrow(Type),
    Value(Type),
    Arg(Type),
    OptionBorrow(Type),
    OptionArg(Type),
    List(Type),
}

impl Form {
    fn native(&self) -> Option<&Type> {
        match self {
            Form::Any => None,
            Form::Borrow(t)
            | Form::Value(t)
            | Form::Arg(t)
            | Form::OptionBorrow(t)
            | Form::OptionArg(t)
            | Form::List(t) => Some(t),
        }
    }

    /// Whether a donated operand is moved out of the call.
    fn takes(&self) -> bool {
        matches!(self, Form::Value(_) | Form::Arg(_) | Form::OptionArg(_))
    }
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let Attribute { function, overrides, kind } = syn::parse2(attribute)?;
    let item: ItemFn = syn::parse2(item).map_err(|e| {
        Error::new(e.span(), "`#[implements(..)]` stands on a function, whose parameters are the arrays")
    })?;
    let ReturnType::Type(_, output) = &item.sig.output else {
        return Err(Error::new(item.sig.ident.span(), "an implementation returns `Result<..>`"));
    };
    if let Some(bad) = item.sig.asyncness.map(|t| t.span()).or(item.sig.generics.lt_token.map(|t| t.span())) {
        return Err(Error::new(bad, "an implementation is a plain function: not async, not generic"));
    }
    let api = crate::protocol();
    let op = operation_type(&api, &function);
    let op_name = camel(&function.segments.last().map(|s| s.ident.to_string()).unwrap_or_default());

    let mut slots = vec![];
    for input in &item.sig.inputs {
        let FnArg::Typed(input) = input else {
            return Err(Error::new(input.span(), "an implementation is a free function, not a method"));
        };
        slots.push((slot(&input.ty, &op_name)?, input.ty.span()));
    }
    // A creation function has no array among its parameters; its result names the type.
    let native = kind
        .or_else(|| slots.iter().find_map(|(s, _)| argument(s)?.native().cloned()))
        .or_else(|| returned(&item.sig.output));
    let Some(native) = native else {
        return Err(Error::new(
            item.sig.ident.span(),
            "no parameter names an array type, so the kind is not known; write `#[implements(.., kind = T)]`",
        ));
    };

    let shim = shim(&api, &op, &native, &slots, &item.sig.ident, output);
    Ok(quote! {
        #item
        const _: () = {
            #shim
            static IMPLEMENTATION: #api::Implementation = #api::Implementation {
                run: #api::Run::Kernel(shim),
                place: ::std::panic::Location::caller(),
                overrides: #overrides,
            };
            #api::__private::inventory::submit! {
                #api::__private::Submitted {
                    op: <#op as #api::Operation>::OP,
                    kind: <#native as #api::Native>::KIND,
                    implementation: &IMPLEMENTATION,
                }
            }
        };
    })
}

fn argument(slot: &Slot) -> Option<&Form> {
    match slot {
        Slot::Argument(form) => Some(form),
        _ => None,
    }
}

fn shim(
    api: &TokenStream,
    op: &TokenStream,
    native: &Type,
    slots: &[(Slot, Span)],
    kernel: &Ident,
    output: &Type,
) -> TokenStream {
    if matches!(slots, [(Slot::Call, _)]) {
        return quote! {
            fn shim(call: &mut #api::Call<'_, '_>) -> #api::Answer { #api::IntoAnswer::into_answer(#kernel(call)) }
        };
    }
    let private = quote!(#api::__private);
    let forms: Vec<&Form> = slots.iter().filter_map(|(s, _)| argument(s)).collect();
    let (arrays, list) = (forms.len(), forms.iter().any(|f| matches!(f, Form::List(_))));
    let signature = quote_spanned!(kernel.span()=>
        const _: () = #private::check_signature(<#op as #api::Operation>::ROLES, #arrays, #list););
    let foreign = quote!(return call.foreign::<#native>());
    let (mut pattern, mut borrowed, mut checks, mut taken, mut passed) = (vec![], vec![], vec![], vec![], vec![]);
    for (i, (slot, _)) in slots.iter().enumerate() {
        let (a, x, room) = (format_ident!("a{i}"), format_ident!("x{i}"), format_ident!("room{i}"));
        let form = match slot {
            Slot::Argument(form) => &**form,
            Slot::Params => {
                passed.push(quote!(params));
                continue;
            }
            Slot::Namespace => {
                passed.push(quote!(namespace));
                continue;
            }
            Slot::Verdict => {
                passed.push(quote!(verdict));
                continue;
            }
            Slot::Call => {
                passed.push(quote!(compile_error!("`&mut Call` must be the only parameter")));
                continue;
            }
        };
        pattern.push(if matches!(form, Form::List(_)) { quote!(#a @ ..) } else { quote!(#a) });
        passed.push(quote!(#x));
        let some = |value: TokenStream| quote!(let #x = match #value { Some(x) => x, None => #foreign };);
        match form {
            Form::Any => borrowed.push(some(quote!(#a.array()))),
            Form::Borrow(t) => {
                borrowed.push(quote!(let mut #room: Option<#t> = None;));
                borrowed.push(some(quote!(#private::borrow::<#t>(#a, dtype, &mut #room))));
            }
            Form::OptionBorrow(t) => {
                borrowed.push(quote!(let mut #room: Option<#t> = None;));
                borrowed.push(quote!(let #x = #private::borrow::<#t>(#a, dtype, &mut #room);));
                borrowed.push(quote!(if #x.is_none() && !#a.is_absent() { #foreign }));
            }
            Form::List(t) => {
                let list = quote!(#a.iter().map(|o| #private::native::<#t>(o)).collect::<Option<Vec<&#t>>>());
                borrowed.push(some(list));
                borrowed.push(quote!(let #x = #x.as_slice();));
            }
            Form::Value(t) => {
                checks.push(quote!(#private::gives_value::<#t>(#a, dtype)));
                taken.push(some(quote!(#private::value::<#t>(#a, dtype, keep))));
            }
            Form::Arg(t) => {
                checks.push(quote!(#private::gives_arg::<#t>(#a, false)));
                taken.push(some(quote!(#private::arg::<#t>(#a, dtype, keep))));
            }
            Form::OptionArg(t) => {
                checks.push(quote!(#private::gives_arg::<#t>(#a, true)));
                taken.push(quote!(let #x = #private::arg::<#t>(#a, dtype, keep);));
            }
        }
    }
    // Every operand is looked at before any is taken, so that declining loses none. The first to be taken looks itself,
    // unless it may be missing.
    if !matches!(forms.iter().find(|f| f.takes()), Some(Form::OptionArg(_))) {
        checks.drain(..1.min(checks.len()));
    }
    let has = |f: fn(&Slot) -> bool| slots.iter().any(|(s, _)| f(s));
    let params = has(|s| matches!(s, Slot::Params)).then(|| {
        quote! {
            let params: &dyn ::std::any::Any = call.params;
            let Some(params) = params.downcast_ref::<#op>() else {
                return match call.params::<#op>() { Err(e) => e.into(), Ok(_) => unreachable!("the same downcast failed") };
            };
        }
    });
    let namespace = has(|s| matches!(s, Slot::Namespace)).then(|| {
        quote! {
            let Some(namespace) = call.namespace else {
                return #api::Error::backend(call.op.name, "was called without a namespace").into();
            };
        }
    });
    let verdict = has(|s| matches!(s, Slot::Verdict)).then(|| quote!(let verdict = call.verdict;));
    quote! {
        #signature
        #[allow(unused_variables)]
        fn shim(call: &mut #api::Call<'_, '_>) -> #api::Answer {
            #params
            #namespace
            #verdict
            if let Err(e) = <#native as #api::Native>::admits(call.op, call.verdict) {
                return e.into();
            }
            let dtype = call.verdict.operands;
            // A kernel that may decline leaves donated operands in the call, for the next implementation.
            let keep = <#output as #api::IntoAnswer>::MAY_DECLINE;
            let [#(#pattern),*] = &mut *call.args else { #foreign };
            #(#borrowed)*
            if !(true #(&& #checks)*) {
                #foreign
            }
            #(#taken)*
            #api::IntoAnswer::into_answer(#kernel(#(#passed),*))
        }
    }
}

/// `sum` is `array_api::Sum`; `their::op` is `their::Op`.
fn operation_type(api: &TokenStream, function: &Path) -> TokenStream {
    let mut path = function.clone();
    let alone = path.segments.len() == 1 && path.leading_colon.is_none();
    if let Some(last) = path.segments.last_mut() {
        last.ident = Ident::new(&camel(&last.ident.to_string()), last.ident.span());
    }
    if alone { quote!(#api::#path) } else { quote!(#path) }
}

fn camel(snake: &str) -> String {
    let word = |w: &str| {
        let mut c = w.chars();
        c.next().map(|f| f.to_ascii_uppercase().to_string() + c.as_str()).unwrap_or_default()
    };
    snake.split('_').map(word).collect()
}

fn slot(ty: &Type, op_name: &str) -> Result<Slot> {
    let name = |t: &Type| match t {
        Type::Path(p) => p.path.segments.last().map(|s| s.ident.to_string()).unwrap_or_default(),
        _ => String::new(),
    };
    Ok(match ty {
        Type::Reference(r) if r.mutability.is_some() => match name(&r.elem).as_str() {
            "Call" => Slot::Call,
            _ => return Err(Error::new(ty.span(), "take a donated array by value (`T` or `Arg<'_, T>`), not `&mut`")),
        },
        Type::Reference(r) => match (&*r.elem, name(&r.elem).as_str()) {
            (Type::Slice(s), _) => match &*s.elem {
                Type::Reference(inner) => Slot::Argument(Box::new(Form::List((*inner.elem).clone()))),
                other => return Err(Error::new(other.span(), "a list argument is `&[&T]`")),
            },
            (_, "Namespace") => Slot::Namespace,
            (_, "Verdict") => Slot::Verdict,
            (_, "Array") => Slot::Argument(Box::new(Form::Any)),
            (_, n) if n == op_name => Slot::Params,
            _ => Slot::Argument(Box::new(Form::Borrow((*r.elem).clone()))),
        },
        Type::Path(_) => match (name(ty).as_str(), inner(ty)) {
            ("Option", Some(Type::Reference(r))) => Slot::Argument(Box::new(Form::OptionBorrow((*r.elem).clone()))),
            ("Option", Some(t)) if name(&t) == "Arg" => match inner(&t) {
                Some(t) => Slot::Argument(Box::new(Form::OptionArg(t))),
                None => return Err(Error::new(ty.span(), "write `Option<Arg<'_, T>>`")),
            },
            ("Arg", Some(t)) => Slot::Argument(Box::new(Form::Arg(t))),
            _ => Slot::Argument(Box::new(Form::Value(ty.clone()))),
        },
        other => {
            return Err(Error::new(other.span(), "an implementation cannot take this; see the table of `implements`"));
        }
    })
}

/// The array type that a function returns: `T` of `Result<T>`.
fn returned(output: &ReturnType) -> Option<Type> {
    let ReturnType::Type(_, ty) = output else { return None };
    let Type::Path(p) = &**ty else { return None };
    let PathArguments::AngleBracketed(a) = &p.path.segments.last()?.arguments else { return None };
    match a.args.first()? {
        GenericArgument::Type(Type::Path(t)) => {
            let name = t.path.segments.last()?.ident.to_string();
            (!matches!(name.as_str(), "Array" | "Outs" | "Vec" | "List")).then(|| Type::Path(t.clone()))
        }
        _ => None,
    }
}

/// The last type argument: `T` of `Arg<'_, T>`.
fn inner(ty: &Type) -> Option<Type> {
    let Type::Path(p) = ty else { return None };
    let PathArguments::AngleBracketed(a) = &p.path.segments.last()?.arguments else { return None };
    a.args.iter().rev().find_map(|a| if let GenericArgument::Type(t) = a { Some(t.clone()) } else { None })
}
