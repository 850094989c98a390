use weft_trainer::{
	data::{data_hash, epoch_order, partition},
	parse_jsonl, Record,
};

fn lines(range: std::ops::Range<usize>) -> Vec<u8> {
	range
		.map(|i| format!("{{\"prompt\":\"question {i}\",\"completion\":\"answer {i}\"}}\n"))
		.collect::<String>()
		.into_bytes()
}

#[test]
fn all_three_schemas_are_read_and_written_back_byte_for_byte() {
	for line in [
		r#"{"messages":[{"role":"user","content":"What is \"foo\"?"},{"role":"assistant","content":"A name. ü"}]}"#,
		r#"{"prompt":"a","completion":"b"}"#,
		r#"{"text":"some\ntext"}"#,
	] {
		assert_eq!(Record::parse(line.as_bytes(), 1).expect("valid").canonical(), line);
	}
}

#[test]
fn a_malformed_line_is_named_by_its_number_and_what_is_allowed() {
	for (bad, part) in [
		("not json", "expected"),
		("", "EOF"),
		(r#"{"text":"a","prompt":"b"}"#, "one schema"),
		(r#"{"txt":"a"}"#, "txt"),
		(r#"{"messages":[]}"#, "empty"),
		(r#"{"messages":[{"role":"user","content":"x"}]}"#, "assistant"),
		(r#"{"messages":[{"role":"robot","content":"x"}]}"#, "robot"),
		(r#"{"prompt":"a","completion":" "}"#, "empty"),
	] {
		let blob = format!(
			"{{\"text\":\"fine\"}}\n{{\"text\":\"fine too\"}}\n{bad}\n{{\"text\":\"x\"}}\n"
		);
		let message = parse_jsonl(blob.as_bytes()).expect_err("must be refused").to_string();
		assert!(message.starts_with("line 3:"), "{message}");
		assert!(message.contains(part) && message.contains("\"messages\""), "{message}");
	}
	let message = parse_jsonl(b"\xff\n").expect_err("must be refused").to_string();
	assert!(message.contains("UTF-8"), "{message}");
	assert!(parse_jsonl(b"").is_err());
}

#[test]
fn the_held_out_side_of_a_record_does_not_depend_on_the_other_records() {
	let all = parse_jsonl(&lines(0..1000)).expect("valid");
	let part = parse_jsonl(&lines(500..700)).expect("valid");
	let whole = partition(&all, 7, 0.1, None).expect("splits");
	let some = partition(&part, 7, 0.1, None).expect("splits");
	assert!((60..140).contains(&whole.heldout.len()), "{}", whole.heldout.len());
	let expected: Vec<usize> =
		whole.heldout.iter().filter(|i| (500..700).contains(*i)).map(|i| i - 500).collect();
	assert_eq!(some.heldout, expected);
	assert_ne!(partition(&all, 8, 0.1, None).expect("splits"), whole);
	assert_eq!(whole.train.len() + whole.heldout.len(), 1000);
}

#[test]
fn a_fixed_number_of_records_can_be_held_out_and_not_all_of_them() {
	let all = parse_jsonl(&lines(0..50)).expect("valid");
	assert_eq!(partition(&all, 1, 0.0, Some(10)).expect("splits").heldout.len(), 10);
	assert_eq!(partition(&all, 1, 0.5, Some(0)).expect("splits").heldout.len(), 0);
	let message = partition(&all, 1, 0.0, Some(50)).expect_err("too many").to_string();
	assert!(message.contains("heldout_records") && message.contains("0 to 49"), "{message}");
}

#[test]
fn equal_records_fall_on_the_same_side() {
	let mut blob = lines(0..200);
	blob.extend(lines(0..200));
	let split = partition(&parse_jsonl(&blob).expect("valid"), 3, 0.2, None).expect("splits");
	for i in &split.heldout {
		assert!(split.heldout.contains(&((i + 200) % 400)));
	}
}

#[test]
fn every_epoch_has_its_own_order_and_the_same_one_each_time() {
	let first = epoch_order(100, 5, 0);
	assert_eq!(first, epoch_order(100, 5, 0));
	assert_ne!(first, epoch_order(100, 5, 1));
	assert_ne!(first, epoch_order(100, 6, 0));
	let mut sorted = first;
	sorted.sort_unstable();
	assert_eq!(sorted, (0..100).collect::<Vec<_>>());
}

#[test]
fn the_data_hash_depends_on_content_and_order() {
	let mut all = parse_jsonl(&lines(0..10)).expect("valid");
	let hash = data_hash(&all);
	all.swap(0, 1);
	assert_ne!(data_hash(&all), hash);
}
