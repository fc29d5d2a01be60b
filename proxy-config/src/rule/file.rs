//! Files that rules name, as texts that messages can point into.

use std::sync::Arc;

use crate::Source;
use crate::rule::Compiler;
use crate::text::Text;

impl Compiler<'_> {
    /// The content of a file; its places are in the file itself.
    pub(crate) fn file_text(&mut self, path: &str, content: String) -> Text {
        let source = Arc::new(Source { name: path.to_owned(), text: content });
        let number = self.extras.add(Arc::clone(&source));
        Text::plain(number, &source.text)
    }
}
