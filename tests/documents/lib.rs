//! The Rust in the documents of the repository, run as doctests. A crate of its own, since the
//! packages of the others do not contain these files.

macro_rules! documents {
    ($($name:ident = $path:literal;)+) => {
        $(
            #[cfg(doctest)]
            #[doc = include_str!($path)]
            pub struct $name;
        )+
    };
}

documents! {
    Readme = "../../README.md";
    Contributing = "../../CONTRIBUTING.md";
    Design = "../../docs/design.md";
    Testing = "../../docs/testing.md";
}
