//! Views as text, JSON, Markdown and HTML. A format sees only `view`, so JSON never knows less than text.

mod alike;
pub mod html;
pub mod json;
pub mod markdown;
pub mod paint;
pub mod snippet;
pub mod text;
