//! Requests and errors as OpenAI's clients write and read them.

use crate::{Message, Sampling};
use axum::{
	http::{header, HeaderValue, StatusCode},
	response::{IntoResponse, Response},
	Json,
};
use serde::Deserialize;
use serde_json::{json, Map, Value};

/// An error as OpenAI's clients expect it.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
	/// HTTP status.
	pub status: u16,
	/// For the person.
	pub message: String,
	/// The kind of error.
	pub kind: &'static str,
	/// The field that was wrong.
	pub param: Option<String>,
	/// A stable word for programs.
	pub code: &'static str,
	/// Seconds after which to try again.
	pub retry_after: Option<u64>,
	/// What a client needs to pay.
	pub weft: Option<Value>,
}

impl ApiError {
	pub(crate) fn new(
		status: StatusCode,
		kind: &'static str,
		code: &'static str,
		message: impl Into<String>,
	) -> Self {
		Self {
			status: status.as_u16(),
			message: message.into(),
			kind,
			param: None,
			code,
			retry_after: None,
			weft: None,
		}
	}

	pub(crate) fn invalid(param: &str, message: impl Into<String>) -> Self {
		let mut e =
			Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", "invalid_value", message);
		e.param = Some(param.to_owned());
		e
	}

	pub(crate) fn unsupported(param: &str, what: &str) -> Self {
		let mut e = Self::invalid(param, format!("{what} is not supported by this server"));
		e.code = "unsupported_value";
		e
	}

	pub(crate) fn server(message: impl Into<String>) -> Self {
		Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", "internal_error", message)
	}

	/// The JSON body.
	pub fn body(&self) -> Value {
		let mut body = json!({ "error": {
			"message": self.message, "type": self.kind, "param": self.param, "code": self.code,
		}});
		if let Some(weft) = &self.weft {
			body["weft"] = weft.clone();
		}
		body
	}
}

impl IntoResponse for ApiError {
	fn into_response(self) -> Response {
		let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
		let mut response = (status, Json(self.body())).into_response();
		if let Some(seconds) = self.retry_after {
			response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
		}
		response
	}
}

/// Which of the two endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestKind {
	/// `/v1/chat/completions`
	Chat,
	/// `/v1/completions`
	Completion,
}

/// The prompt, before it is tokens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Prompt {
	Chat(Vec<Message>),
	Text(String),
	Tokens(Vec<u32>),
}

/// A checked request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
	pub(crate) kind: RequestKind,
	pub(crate) model: String,
	pub(crate) prompt: Prompt,
	pub(crate) sampling: Sampling,
	pub(crate) stop: Vec<String>,
	pub(crate) max_tokens: Option<u32>,
	pub(crate) stream: bool,
	pub(crate) include_usage: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
	One(String),
	Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum TextPrompt {
	One(String),
	Many(Vec<String>),
	Tokens(Vec<u32>),
	ManyTokens(Vec<Vec<u32>>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
	Text(String),
	Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
	#[serde(rename = "type")]
	kind: String,
	text: Option<String>,
}

#[derive(Deserialize)]
struct RawMessage {
	role: String,
	content: Option<Content>,
}

fn field<T: for<'de> Deserialize<'de>>(
	body: &Map<String, Value>,
	name: &str,
	expected: &str,
) -> Result<Option<T>, ApiError> {
	match body.get(name) {
		None | Some(Value::Null) => Ok(None),
		Some(value) => T::deserialize(value)
			.map(Some)
			.map_err(|_| ApiError::invalid(name, format!("`{name}` must be {expected}"))),
	}
}

fn number(
	body: &Map<String, Value>,
	name: &str,
	low: f32,
	high: f32,
) -> Result<Option<f32>, ApiError> {
	let value: Option<f32> = field(body, name, "a number")?;
	if value.is_some_and(|v| !(low..=high).contains(&v)) {
		return Err(ApiError::invalid(name, format!("`{name}` must lie in {low} to {high}")));
	}
	Ok(value)
}

impl Request {
	/// Reads and checks a request's body.
	pub fn parse(kind: RequestKind, body: &[u8]) -> Result<Self, ApiError> {
		let value: Value = serde_json::from_slice(body).map_err(|e| {
			ApiError::new(
				StatusCode::BAD_REQUEST,
				"invalid_request_error",
				"invalid_json",
				format!("the body is not valid JSON: {e}"),
			)
		})?;
		let Value::Object(body) = value else {
			return Err(ApiError::invalid("body", "the body must be a JSON object"));
		};
		refuse_unsupported(&body)?;
		let model: String = field(&body, "model", "a string")?
			.filter(|m: &String| !m.is_empty())
			.ok_or_else(|| ApiError::invalid("model", "`model` is required"))?;
		let prompt = match kind {
			RequestKind::Chat => Prompt::Chat(messages(&body)?),
			RequestKind::Completion => text_prompt(&body)?,
		};
		let stop = match field(&body, "stop", "a string or an array of strings")? {
			None => Vec::new(),
			Some(OneOrMany::One(one)) => vec![one],
			Some(OneOrMany::Many(many)) => many,
		};
		if stop.len() > 4 || stop.iter().any(|s| s.is_empty() || s.len() > 256) {
			return Err(ApiError::invalid(
				"stop",
				"`stop` may have at most 4 strings of 1 to 256 bytes",
			));
		}
		let mut max_tokens = None;
		for name in ["max_completion_tokens", "max_tokens"] {
			let given: Option<u32> = field(&body, name, "a whole number of at least 1")?;
			if given == Some(0) {
				return Err(ApiError::invalid(name, format!("`{name}` must be at least 1")));
			}
			max_tokens = max_tokens.or(given);
		}
		let seed: Option<i64> = field(&body, "seed", "a whole number")?;
		let top_p = number(&body, "top_p", 0.0, 1.0)?.unwrap_or(1.0);
		let options: Option<Map<String, Value>> = field(&body, "stream_options", "an object")?;
		let include_usage = match &options {
			Some(options) => field(options, "include_usage", "true or false")?.unwrap_or(false),
			None => false,
		};
		Ok(Self {
			kind,
			model,
			prompt,
			sampling: Sampling {
				temperature: number(&body, "temperature", 0.0, 2.0)?.unwrap_or(1.0),
				top_p,
				seed: seed.map(|s| s as u64),
				presence_penalty: number(&body, "presence_penalty", -2.0, 2.0)?.unwrap_or(0.0),
				frequency_penalty: number(&body, "frequency_penalty", -2.0, 2.0)?.unwrap_or(0.0),
			},
			stop,
			max_tokens,
			stream: field(&body, "stream", "true or false")?.unwrap_or(false),
			include_usage,
		})
	}

	/// The prompt as messages, for attribution.
	pub(crate) fn messages(&self) -> Vec<Message> {
		let user = |content: String| vec![Message { role: "user".into(), content }];
		match &self.prompt {
			Prompt::Chat(messages) => messages.clone(),
			Prompt::Text(text) => user(text.clone()),
			Prompt::Tokens(_) => user(String::new()),
		}
	}
}

/// What would change the answer if it were ignored is refused instead.
fn refuse_unsupported(body: &Map<String, Value>) -> Result<(), ApiError> {
	let used = |name: &str| match body.get(name) {
		None | Some(Value::Null | Value::Bool(false)) => false,
		Some(Value::Array(a)) => !a.is_empty(),
		Some(Value::Object(o)) => !o.is_empty(),
		Some(Value::String(s)) => !s.is_empty() && s != "none" && s != "auto",
		Some(_) => true,
	};
	for name in ["tools", "functions", "logit_bias", "logprobs", "top_logprobs", "echo", "suffix"] {
		if used(name) {
			return Err(ApiError::unsupported(name, &format!("`{name}`")));
		}
	}
	for name in ["n", "best_of"] {
		if field::<f64>(body, name, "1")?.is_some_and(|n| n != 1.0) {
			return Err(ApiError::unsupported(name, &format!("`{name}` other than 1")));
		}
	}
	if let Some(format) = body.get("response_format").and_then(|f| f.get("type")) {
		if format != "text" {
			return Err(ApiError::unsupported("response_format", "a format other than `text`"));
		}
	}
	Ok(())
}

fn messages(body: &Map<String, Value>) -> Result<Vec<Message>, ApiError> {
	let expected = "an array of messages, each with `role` and `content`";
	let raw: Vec<RawMessage> = field(body, "messages", expected)?
		.ok_or_else(|| ApiError::invalid("messages", "`messages` is required"))?;
	if raw.is_empty() {
		return Err(ApiError::invalid("messages", "`messages` must have at least one message"));
	}
	raw.into_iter()
		.enumerate()
		.map(|(i, message)| {
			let role = match message.role.as_str() {
				"developer" => "system".to_owned(),
				"system" | "user" | "assistant" => message.role,
				other => {
					return Err(ApiError::invalid(
						&format!("messages.{i}.role"),
						format!(
							"the role `{}` is unknown: system, developer, user and assistant are \
							 allowed",
							other.chars().take(40).collect::<String>()
						),
					))
				}
			};
			let content = match message.content {
				None => String::new(),
				Some(Content::Text(text)) => text,
				Some(Content::Parts(parts)) => parts
					.into_iter()
					.map(|part| match (part.kind.as_str(), part.text) {
						("text", Some(text)) => Ok(text),
						_ => Err(ApiError::invalid(
							&format!("messages.{i}.content"),
							"only parts of type `text` are supported",
						)),
					})
					.collect::<Result<Vec<_>, _>>()?
					.join(""),
			};
			Ok(Message { role, content })
		})
		.collect()
}

fn text_prompt(body: &Map<String, Value>) -> Result<Prompt, ApiError> {
	let one = || ApiError::unsupported("prompt", "more than one prompt in a request");
	match field(body, "prompt", "a string or an array with one string")? {
		None => Err(ApiError::invalid("prompt", "`prompt` is required")),
		Some(TextPrompt::One(text)) => Ok(Prompt::Text(text)),
		Some(TextPrompt::Many(mut many)) => match (many.pop(), many.is_empty()) {
			(Some(text), true) => Ok(Prompt::Text(text)),
			(None, _) => Err(ApiError::invalid("prompt", "`prompt` is empty")),
			_ => Err(one()),
		},
		Some(TextPrompt::Tokens(tokens)) => Ok(Prompt::Tokens(tokens)),
		Some(TextPrompt::ManyTokens(mut many)) => match (many.pop(), many.is_empty()) {
			(Some(tokens), true) => Ok(Prompt::Tokens(tokens)),
			_ => Err(one()),
		},
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn chat(extra: Value) -> Result<Request, ApiError> {
		let mut body = json!({ "model": "m", "messages": [{ "role": "user", "content": "hi" }] });
		for (key, value) in extra.as_object().unwrap() {
			body[key] = value.clone();
		}
		Request::parse(RequestKind::Chat, body.to_string().as_bytes())
	}

	#[test]
	fn a_plain_request_gets_the_defaults_of_openai() {
		let request = chat(json!({})).unwrap();
		assert_eq!(request.sampling.temperature, 1.0);
		assert_eq!((request.stream, request.max_tokens), (false, None));
	}

	#[test]
	fn every_bad_field_is_named() {
		for (extra, param) in [
			(json!({ "temperature": 3 }), "temperature"),
			(json!({ "temperature": "hot" }), "temperature"),
			(json!({ "top_p": -0.1 }), "top_p"),
			(json!({ "max_tokens": 0 }), "max_tokens"),
			(json!({ "max_tokens": -5 }), "max_tokens"),
			(json!({ "max_completion_tokens": 1.5 }), "max_completion_tokens"),
			(json!({ "stop": ["a", "b", "c", "d", "e"] }), "stop"),
			(json!({ "stop": 5 }), "stop"),
			(json!({ "n": 2 }), "n"),
			(json!({ "tools": [{}] }), "tools"),
			(json!({ "logprobs": true }), "logprobs"),
			(json!({ "response_format": { "type": "json_object" } }), "response_format"),
			(json!({ "messages": [] }), "messages"),
			(json!({ "messages": "hi" }), "messages"),
			(json!({ "messages": [{ "role": "wizard", "content": "x" }] }), "messages.0.role"),
			(json!({ "model": "" }), "model"),
			(json!({ "stream": "yes" }), "stream"),
		] {
			let e = chat(extra.clone()).unwrap_err();
			assert_eq!((e.status, e.param.as_deref()), (400, Some(param)), "{extra}");
			assert_eq!(e.kind, "invalid_request_error");
		}
		assert_eq!(Request::parse(RequestKind::Chat, b"{").unwrap_err().code, "invalid_json");
	}

	#[test]
	fn clients_that_send_parts_nulls_and_harmless_extras_are_understood() {
		let request = chat(json!({
			"messages": [
				{ "role": "developer", "content": "be brief" },
				{ "role": "user", "content": [{ "type": "text", "text": "a" }, { "type": "text", "text": "b" }] },
				{ "role": "assistant", "content": null },
			],
			"user": "me", "tools": [], "tool_choice": "auto", "n": 1, "stop": null,
			"stream": true, "stream_options": { "include_usage": true }, "seed": -1,
		}))
		.unwrap();
		assert_eq!(request.messages()[0].role, "system");
		assert_eq!(request.messages()[1].content, "ab");
		assert!(request.stream && request.include_usage);
	}

	#[test]
	fn a_completion_takes_one_prompt_as_text_or_tokens() {
		let parse = |prompt: Value| {
			let body = json!({ "model": "m", "prompt": prompt }).to_string();
			Request::parse(RequestKind::Completion, body.as_bytes()).map(|r| r.prompt)
		};
		assert_eq!(parse(json!("a")).unwrap(), Prompt::Text("a".into()));
		assert_eq!(parse(json!(["a"])).unwrap(), Prompt::Text("a".into()));
		assert_eq!(parse(json!([1, 2])).unwrap(), Prompt::Tokens(vec![1, 2]));
		assert_eq!(parse(json!(["a", "b"])).unwrap_err().param.as_deref(), Some("prompt"));
	}
}
