//! The macro that makes a row.

/// Defines an operation: its parameters' struct, public function, methods, descriptor and reader.
///
/// ```
/// use array_api::{operation, rule, multiply, add, Result, Array};
/// operation! {
///     /// `x1 + x1 * x2`: no kernel anywhere, a composition.
///     Outsider = outsider(x1: One, x2: One) {} -> Array;
///     "elementwise", Elementwise, rule::numeric, compose |_, call| add(&call[0], multiply(&call[0], &call[1])?),
///     methods (trait OutsiderMethods)
/// }
/// # fn main() {}
/// ```
///
/// The parts, in order: `Params = function(argument: Role, ...) { parameter: Type = default, ... } -> Output`, where
/// `Output` is `Array`, `List`, or a new struct with named results; the category; the [`Class`](crate::Class); the rule
/// `fn(&'static Op, &mut Params, &mut [Operand]) -> Result<Verdict>`; optionally a composition
/// `|params, call| -> Result<Array>`; and where methods go: on `Array` and `Term` (nothing said, in the protocol's crate),
/// `methods (trait Name)` for an extension trait, `methods (namespace)` for creation.
#[macro_export]
macro_rules! operation {
    ($(#[doc = $doc:literal])* $Op:ident = $f:ident ($($a:ident: $role:ident),*)
     { $($(#[doc = $pdoc:literal])* $p:ident: $T:ty = $d:expr),* $(,)? } -> $Out:ident $({ $($r:ident),* $(,)? })?;
     $category:literal, $class:ident, $rule:expr $(, compose $compose:expr)? $(, methods $methods:tt)?) => {
        #[doc = concat!("Parameters of `", stringify!($f), "`, and the operation's type.")]
        #[derive(Clone, Debug, PartialEq)]
        pub struct $Op {
            $($(#[doc = $pdoc])* #[doc = concat!("Parameter `", stringify!($p), "`; `", stringify!($d), "` unless given.")] pub $p: $T),*
        }

        #[allow(clippy::derivable_impls)]
        impl Default for $Op {
            fn default() -> Self { $Op { $($p: $d),* } }
        }

        impl $Op {
            $(
                #[doc = concat!("Sets `", stringify!($p), "`.")]
                pub fn $p(mut self, $p: impl $crate::IntoField<$T>) -> Self { self.$p = $p.into_field(); self }
            )*
        }

        impl $crate::Params for $Op {
            fn write(&self) -> Vec<(&'static str, $crate::Value)> {
                vec![$((stringify!($p), $crate::Field::to_value(&self.$p))),*]
            }
            fn boxed(&self) -> Box<dyn $crate::Params> { Box::new(self.clone()) }
        }

        const _: () = {
            fn read(op: &'static $crate::Op, fields: &[(&str, $crate::Value)]) -> $crate::Result<Box<dyn $crate::Params>> {
                #[allow(unused_mut)]
                let mut params = $Op::default();
                for (name, value) in fields {
                    match *name {
                        $(stringify!($p) => params.$p = $crate::Field::from_value(value)
                            .map_err(|e| $crate::unreadable(op, name, e))?,)*
                        _ => { let _ = value; return Err($crate::unknown_parameter(op, name)) }
                    }
                }
                Ok(Box::new(params))
            }
            fn rule(params: &mut dyn $crate::Params, args: &mut [$crate::Operand<'_>]) -> $crate::Result<$crate::Verdict> {
                match (params as &mut dyn std::any::Any).downcast_mut::<$Op>() {
                    Some(params) => $crate::Operation::rule(params, args),
                    None => Err($crate::Error::value(stringify!($f), "the parameters are those of another operation")),
                }
            }
            static OP: $crate::Op = $crate::Op {
                name: $crate::op_name(stringify!($f)),
                category: $category,
                class: $crate::Class::$class,
                args: &[$((stringify!($a), $crate::Role::$role)),*],
                params: &[$((stringify!($p), stringify!($T), stringify!($d))),*],
                results: &[$($(stringify!($r)),*)?],
                doc: concat!($($doc, "\n"),*),
                compose: $crate::operation!(@compose $Op $($compose)?),
                rule,
                read,
                row: $crate::Row::new(),
            };
            $crate::__private::inventory::submit! { $crate::Submission(&OP) }
            impl $crate::Operation for $Op {
                type Output = $Out;
                const OP: &'static $crate::Op = &OP;
                const ROLES: &'static [$crate::Role] = &[$($crate::Role::$role),*];
                #[inline]
                fn rule(&mut self, args: &mut [$crate::Operand<'_>]) -> $crate::Result<$crate::Verdict> {
                    let rule: fn(&'static $crate::Op, &mut $Op, &mut [$crate::Operand<'_>]) -> $crate::Result<$crate::Verdict> = $rule;
                    rule(&OP, self, args)
                }
            }
        };

        $(
            #[doc = concat!("Results of `", stringify!($f), "`.")]
            #[derive(Clone, Debug)]
            pub struct $Out { $(#[doc = concat!("Result `", stringify!($r), "`.")] pub $r: $crate::Array),* }
            impl $crate::Results for $Out {
                fn from_outs(op: &'static $crate::Op, outs: $crate::Outs) -> $crate::Result<Self> {
                    match <[$crate::Array; [$(stringify!($r)),*].len()]>::try_from(outs.into_vec()) {
                        Ok([$($r),*]) => Ok($Out { $($r),* }),
                        Err(v) => Err($crate::wrong_count(op, [$(stringify!($r)),*].len(), v.len())),
                    }
                }
            }
        )?

        $crate::operation!(@front [$(#[doc = $doc])*] $Op $f [$($a $role)*] [$($p)*] $Out $($methods)?);
    };

    (@compose $Op:ident) => { None };
    (@compose $Op:ident $compose:expr) => {{
        fn compose(call: &mut $crate::Call<'_, '_>) -> $crate::Result<$crate::Outs> {
            // The parameters live as long as the call, not as this borrow of it.
            let params: &dyn std::any::Any = call.params;
            let Some(params) = params.downcast_ref::<$Op>() else { return Err(call.params::<$Op>().unwrap_err()) };
            let params = params.clone();
            $crate::composed::<$Op, _>(&params, call, $compose)
        }
        Some(compose)
    }};

    // Creation: a method of the namespace, never a free function, since there is no array to ask.
    (@front [$($doc:tt)*] $Op:ident $f:ident [$($a:ident $role:ident)*] [$($p:ident)+] $Out:ident (namespace)) => {
        impl $crate::Namespace {
            $($doc)*
            #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
            pub fn $f<'a>(&self, $($a: impl $crate::IntoArg<'a, $crate::$role>,)* params: impl Into<$Op>) -> $crate::Result<$Out> {
                $crate::run::<$Op>(params.into(), &mut [$($a.into_operand()?),*], Some(self))
            }
        }
    };
    (@front [$($doc:tt)*] $Op:ident $f:ident [$($a:ident $role:ident)*] [] $Out:ident (namespace)) => {
        impl $crate::Namespace {
            $($doc)*
            #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
            pub fn $f<'a>(&self, $($a: impl $crate::IntoArg<'a, $crate::$role>),*) -> $crate::Result<$Out> {
                $crate::run::<$Op>($Op {}, &mut [$($a.into_operand()?),*], Some(self))
            }
        }
    };
    // A list of arrays: no method, since none of them is first among equals.
    (@front [$($doc:tt)*] $Op:ident $f:ident [$a:ident Many] [$($p:ident)+] $Out:ident $($methods:tt)?) => {
        $($doc)*
        #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
        pub fn $f<'a>($a: impl $crate::IntoArgs<'a>, params: impl Into<$Op>) -> $crate::Result<$Out> {
            let mut args = $crate::Args::new();
            $a.append_operands(&mut args);
            $crate::run::<$Op>(params.into(), &mut args, None)
        }
    };
    (@front [$($doc:tt)*] $Op:ident $f:ident [$a:ident Many] [] $Out:ident $($methods:tt)?) => {
        $($doc)*
        #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
        pub fn $f<'a>($a: impl $crate::IntoArgs<'a>) -> $crate::Result<$Out> {
            let mut args = $crate::Args::new();
            $a.append_operands(&mut args);
            $crate::run::<$Op>($Op {}, &mut args, None)
        }
    };
    (@front [$($doc:tt)*] $Op:ident $f:ident [$x:ident One $list:ident Many] [] $Out:ident $($methods:tt)?) => {
        $crate::operation!(@listed [$($doc)*] $Op $f [$x] $list $Out);
    };
    (@front [$($doc:tt)*] $Op:ident $f:ident [$x:ident One $y:ident One $list:ident Many] [] $Out:ident $($methods:tt)?) => {
        $crate::operation!(@listed [$($doc)*] $Op $f [$x $y] $list $Out);
    };
    (@listed [$($doc:tt)*] $Op:ident $f:ident [$($x:ident)+] $list:ident $Out:ident) => {
        $($doc)*
        pub fn $f<'a>($($x: impl $crate::IntoArg<'a, $crate::One>,)+ $list: impl $crate::IntoArgs<'a>) -> $crate::Result<$Out> {
            let mut args = $crate::Args::new();
            $(args.push($x.into_operand()?);)+
            $list.append_operands(&mut args);
            $crate::run::<$Op>($Op {}, &mut args, None)
        }
    };
    (@front [$($doc:tt)*] $Op:ident $f:ident [$x:ident One $($a:ident $role:ident)*] [] $Out:ident $($methods:tt)?) => {
        $($doc)*
        #[inline]
        #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
        pub fn $f<'a>($x: impl $crate::IntoArg<'a, $crate::One> $(, $a: impl $crate::IntoArg<'a, $crate::$role>)*) -> $crate::Result<$Out> {
            $crate::run::<$Op>($Op {}, &mut [$x.into_operand()? $(, $a.into_operand()?)*], None)
        }
        $crate::operation!(@methods [$($doc)*] $f [$($a $role)*] [] $Out $($methods)?);
    };
    (@front [$($doc:tt)*] $Op:ident $f:ident [$x:ident One $($a:ident $role:ident)*] [$($p:ident)+] $Out:ident $($methods:tt)?) => {
        $($doc)*
        #[inline]
        #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
        pub fn $f<'a>($x: impl $crate::IntoArg<'a, $crate::One> $(, $a: impl $crate::IntoArg<'a, $crate::$role>)*, params: impl Into<$Op>) -> $crate::Result<$Out> {
            $crate::run::<$Op>(params.into(), &mut [$x.into_operand()? $(, $a.into_operand()?)*], None)
        }
        $crate::operation!(@methods [$($doc)*] $f [$($a $role)*] [$Op] $Out $($methods)?);
    };

    (@methods [$($doc:tt)*] $f:ident [$($a:ident $role:ident)*] [$($Op:ident)?] $Out:ident) => {
        impl $crate::Array {
            $($doc)*
            #[inline]
            #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
            pub fn $f<'a>(&'a self $(, $a: impl $crate::IntoArg<'a, $crate::$role>)* $(, params: impl Into<$Op>)?) -> $crate::Result<$Out> {
                $f(self $(, $a)* $(, Into::<$Op>::into(params))?)
            }
        }
        impl $crate::Term {
            $($doc)*
            #[inline]
            #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
            pub fn $f<'a>(self $(, $a: impl $crate::IntoArg<'a, $crate::$role>)* $(, params: impl Into<$Op>)?) -> $crate::Result<$Out> {
                $f(self $(, $a)* $(, Into::<$Op>::into(params))?)
            }
        }
    };
    // Outside this crate there are no inherent methods on `Array`: an extension trait instead.
    (@methods [$($doc:tt)*] $f:ident [$($a:ident $role:ident)*] [$($Op:ident)?] $Out:ident (trait $Methods:ident)) => {
        #[doc = concat!("The method `", stringify!($f), "` of arrays.")]
        pub trait $Methods {
            $($doc)*
            #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
            fn $f<'a>(&'a self $(, $a: impl $crate::IntoArg<'a, $crate::$role>)* $(, params: impl Into<$Op>)?) -> $crate::Result<$Out>;
        }
        impl $Methods for $crate::Array {
            #[allow(clippy::needless_lifetimes, clippy::extra_unused_lifetimes, clippy::should_implement_trait)] // rows differ in their arguments
            fn $f<'a>(&'a self $(, $a: impl $crate::IntoArg<'a, $crate::$role>)* $(, params: impl Into<$Op>)?) -> $crate::Result<$Out> {
                $f(self $(, $a)* $(, Into::<$Op>::into(params))?)
            }
        }
    };
    (@methods [$($doc:tt)*] $f:ident [$($a:ident $role:ident)*] [$($Op:ident)?] $Out:ident (none)) => {};

    // What is left is written wrongly.
    (@front [$($doc:tt)*] $Op:ident $f:ident $($rest:tt)*) => {
        compile_error!(concat!(
            "the arguments of `", stringify!($f), "` must each be `name: One` or `name: Maybe`, the first `One`; a list \
             `name: Many` stands alone, or last after one or two `One` in a row without parameters; without arguments it is creation: `methods (namespace)`"
        ));
    };
    (@methods [$($doc:tt)*] $f:ident $($rest:tt)*) => {
        compile_error!(concat!(
            "the methods of `", stringify!($f), "` are `methods (trait Name)`, `methods (namespace)` or `methods (none)`"
        ));
    };
    ($($row:tt)*) => {
        compile_error!(
            "an operation is `/// doc` `Params = function(argument: Role, ..) { parameter: Type = default, .. } -> Output; \
             \"category\", Class, rule`, then optionally `, compose closure` and `, methods (..)`"
        );
    };
}
