//! The wiki: what people know about the data and no schema says, as Markdown pages with YAML front matter.
//! `knowledge/global/<key>.md` is for everyone, `knowledge/user/<id>/<key>.md` for one user.

mod key;
mod page;
mod store;

pub use page::{FrontMatter, Page};
pub use store::{Action, PageFile, PageProblem, Wiki, WrittenPage};
