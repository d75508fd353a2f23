//! What to do about an error, for the line below its sentence.

use ktx_project::warehouse::WarehouseError;

/// An error of the command line itself that knows its remedy.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Hinted {
    pub message: String,
    pub hint: String,
}

impl Hinted {
    pub fn error(message: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
        .into()
    }
}

/// The hint of the outermost cause that has one.
pub fn of(error: &anyhow::Error) -> Option<String> {
    error.chain().find_map(|cause| {
        if let Some(hinted) = cause.downcast_ref::<Hinted>() {
            return Some(hinted.hint.clone());
        }
        if let Some(error) = cause.downcast_ref::<WarehouseError>() {
            return error.hint();
        }
        cause
            .downcast_ref::<ktx_project::Error>()
            .and_then(ktx_project::Error::hint)
    })
}
