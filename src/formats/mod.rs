//! Views as text, JSON, Markdown, HTML, SARIF, JUnit and annotations of a forge. A format sees only `view`, so JSON never knows less than text.

mod alike;
pub mod github;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod paint;
pub mod prometheus;
pub mod sarif;
pub mod snippet;
pub mod text;
