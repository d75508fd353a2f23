//! `RECORD`: path, digest and length of every file of a wheel, as CSV. Format: the [specification].
//!
//! [specification]: https://packaging.python.org/en/latest/specifications/recording-installed-packages/

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use csv::{Terminator, WriterBuilder};
use ktx_manifest::Sha256Digest;

/// The text for files in the order given; `record` is its own path, whose row has neither digest nor length.
pub fn render<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>, record: &str) -> Vec<u8> {
    let mut rows: Vec<[String; 3]> = Vec::new();
    for (path, bytes) in files {
        let digest = URL_SAFE_NO_PAD.encode(Sha256Digest::of(bytes).as_bytes());
        rows.push([
            path.to_owned(),
            format!("sha256={digest}"),
            bytes.len().to_string(),
        ]);
    }
    rows.push([record.to_owned(), String::new(), String::new()]);
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::Any(b'\n'))
        .from_writer(Vec::new());
    #[expect(
        clippy::expect_used,
        reason = "writing to memory fails for no row of three fields"
    )]
    for row in rows {
        writer
            .write_record(row)
            .expect("rows of equal length fit in memory");
    }
    #[expect(
        clippy::expect_used,
        reason = "writing to memory fails for no row of three fields"
    )]
    writer.into_inner().expect("memory can be flushed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_csv_wants_it() {
        let files: [(&str, &[u8]); 3] = [("a.py", b""), ("b,c.py", b"x"), ("d\"e.py", b"")];
        let text = String::from_utf8(render(files, "a.dist-info/RECORD")).expect("RECORD is text");
        assert_eq!(
            text,
            "a.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n\
             \"b,c.py\",sha256=LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE,1\n\
             \"d\"\"e.py\",sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n\
             a.dist-info/RECORD,,\n"
        );
    }
}
