//! The header blocks of METADATA and WHEEL: one field a line, a blank line before the text, folded lines joined. Knows
//! no field. Whatever makes Python's reader see other fields than a person does is refused.

/// The fields in their order, and the text below them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    fields: Vec<(String, String)>,
    body: String,
}

impl Headers {
    /// Reads a file. The error is a clause without the file's name.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut rest = text;
        let mut line_number = 0;
        while !rest.is_empty() {
            line_number += 1;
            let (line, below) = rest.split_once('\n').unwrap_or((rest, ""));
            rest = below;
            let line = line.strip_suffix('\r').unwrap_or(line);
            if line.is_empty() {
                break;
            }
            if line.chars().any(breaks_lines) {
                return Err(format!("line {line_number} has a control character"));
            }
            if line.starts_with([' ', '\t']) {
                let Some((_, value)) = fields.last_mut() else {
                    return Err(format!("line {line_number} continues no field"));
                };
                value.push('\n');
                value.push_str(line.trim());
                continue;
            }
            let field = line.split_once(':').filter(|(name, _)| is_name(name));
            let (name, value) = field.ok_or_else(|| format!("line {line_number} is not a field"))?;
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(Self {
            fields,
            body: rest.to_owned(),
        })
    }

    /// All values of a field, in order. Names do not differ by case.
    pub fn all<'a, 'n>(&'a self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        let fields = self
            .fields
            .iter()
            .filter(move |(found, _)| found.eq_ignore_ascii_case(name));
        fields.map(|(_, value)| value.as_str())
    }

    /// The value of a field that may appear once.
    pub(super) fn once<'a>(&'a self, name: &str) -> Result<Option<&'a str>, String> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() {
            Err(format!("`{name}` appears more than once"))
        } else {
            Ok(first)
        }
    }

    /// Names and values in their order.
    pub fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// The text below the blank line.
    pub fn body(&self) -> &str {
        &self.body
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn breaks_lines(character: char) -> bool {
    (character.is_control() && character != '\t') || matches!(character, '\u{2028}' | '\u{2029}')
}
