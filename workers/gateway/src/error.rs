//! Errors as every client of the gateway reads them.

use axum::{
	http::{header, HeaderValue, StatusCode},
	response::{IntoResponse, Response},
	Json,
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use weft_store::StoreError;

/// An error: `{"error":{"message","type","param","code"}}`, the same shape for every path.
#[derive(Clone, Debug)]
pub struct ApiError {
	/// HTTP status.
	pub status: StatusCode,
	/// For the person.
	pub message: String,
	/// The field that was wrong.
	pub param: Option<String>,
	/// A stable word for programs.
	pub code: &'static str,
	/// Seconds after which to try again.
	pub retry_after: Option<u64>,
}

/// The body of an error.
#[derive(Serialize, ToSchema)]
pub struct ErrorBody {
	error: ErrorFields,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
pub struct ErrorFields {
	/// For the person.
	message: String,
	/// The kind of error.
	r#type: String,
	/// The field that was wrong.
	param: Option<String>,
	/// A stable word for programs.
	code: String,
}

impl ApiError {
	/// An error with a status and a code.
	pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
		Self { status, message: message.into(), param: None, code, retry_after: None }
	}

	/// A parameter that cannot be used.
	pub fn invalid(param: &str, message: impl Into<String>) -> Self {
		let mut e = Self::new(StatusCode::BAD_REQUEST, "invalid_value", message);
		e.param = Some(param.to_owned());
		e
	}

	/// Something that is not there.
	pub fn not_found(what: &str, id: impl std::fmt::Display) -> Self {
		Self::new(StatusCode::NOT_FOUND, "not_found", format!("there is no {what} {id}"))
	}
}

impl From<sqlx::Error> for ApiError {
	fn from(e: sqlx::Error) -> Self {
		tracing::error!(error = %e, "the index failed");
		Self::new(StatusCode::INTERNAL_SERVER_ERROR, "index", "the index cannot be read just now")
	}
}

impl From<StoreError> for ApiError {
	fn from(e: StoreError) -> Self {
		let status = match &e {
			StoreError::BadId(_) | StoreError::BeyondLength { .. } => StatusCode::BAD_REQUEST,
			StoreError::NotFound(_) | StoreError::UploadNotFound(_) => StatusCode::NOT_FOUND,
			StoreError::WrongHash { .. } => StatusCode::UNPROCESSABLE_ENTITY,
			StoreError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
			StoreError::BadRange { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
			StoreError::WrongOffset { .. } | StoreError::UploadBusy(_) => StatusCode::CONFLICT,
			StoreError::Interrupted(_) => StatusCode::BAD_REQUEST,
			_ => StatusCode::INTERNAL_SERVER_ERROR,
		};
		if status.is_server_error() {
			tracing::error!(error = %e, "the blob store failed");
		}
		Self::new(status, e.code(), e.to_string())
	}
}

impl IntoResponse for ApiError {
	fn into_response(self) -> Response {
		let kind =
			if self.status.is_server_error() { "server_error" } else { "invalid_request_error" };
		let body = json!({ "error": {
			"message": self.message, "type": kind, "param": self.param, "code": self.code,
		}});
		let mut response = (self.status, Json(body)).into_response();
		if let Some(seconds) = self.retry_after {
			response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
		}
		response
	}
}
