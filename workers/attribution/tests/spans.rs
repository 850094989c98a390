use weft_attribution::{SpanIndex, SpanRules};

const TEXTS: [&str; 3] = [
	"What is thud?\nYet another metasyntactic variable, often seen beside foo and bar. It is old.",
	"What is a sine wave?\nA waveform of a single constant frequency and amplitude that continues for all time.",
	"What is foo?\nThe sample name, a waveform of a single constant frequency. Übergröße naïve café words here.",
];

fn index() -> SpanIndex {
	SpanIndex::new(TEXTS.iter().enumerate().map(|(i, t)| ([i as u8; 32], *t))).expect("small")
}

#[test]
fn a_quoted_stretch_is_found_with_its_record_and_offset() {
	let answer = "It is Yet another metasyntactic variable, often used.";
	let spans = index().find(answer, &SpanRules::default());
	assert_eq!(spans.len(), 1, "{spans:?}");
	let span = &spans[0];
	assert_eq!(span.text, "Yet another metasyntactic variable, often");
	assert_eq!(&answer[span.start as usize..span.end as usize], span.text);
	assert_eq!(span.record, [0; 32]);
	let at = span.sources[0].offset as usize;
	assert_eq!(&TEXTS[0][at..at + span.text.len()], span.text);
}

#[test]
fn a_stretch_that_stands_in_two_records_names_both() {
	let spans =
		index().find("so a waveform of a single constant frequency it is", &SpanRules::default());
	assert_eq!(spans.len(), 1, "{spans:?}");
	assert_eq!(spans[0].text, "a waveform of a single constant frequency");
	assert_eq!((spans[0].count, spans[0].record), (1, [2; 32]));
	let spans = index().find("waveform of a single constant frequency", &SpanRules::default());
	assert_eq!(spans[0].sources.iter().map(|s| s.index).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn spans_keep_whole_words_and_stay_inside_a_sentence() {
	let spans = index()
		.find("metasyntactic variable, often seen beside foo and barley", &SpanRules::default());
	assert_eq!(spans[0].text, "metasyntactic variable, often seen beside foo and");
	let spans = index().find("often seen beside foo and bar. It is old.", &SpanRules::default());
	assert_eq!(spans[0].text, "often seen beside foo and bar");
}

#[test]
fn short_and_foreign_text_gives_no_span_and_odd_text_no_panic() {
	let index = index();
	for answer in [
		"",
		"foo",
		"nothing like this stands there at all",
		"\0\0",
		"é",
		"Übergröße",
		"日本語 の 文 です よ",
	] {
		assert!(index.find(answer, &SpanRules::default()).is_empty(), "{answer}");
	}
	assert_eq!(index.find("Übergröße naïve café words here", &SpanRules::default()).len(), 1);
	let empty = SpanIndex::new(std::iter::empty()).expect("empty");
	assert!(empty.find("anything at all goes here", &SpanRules::default()).is_empty());
}

#[test]
fn every_span_stands_word_for_word_in_the_record_it_names() {
	let index = index();
	let rules = SpanRules { min_words: 1, min_bytes: 1, max_spans: 100, max_sources: 100 };
	for answer in TEXTS {
		for span in index.find(answer, &rules) {
			for source in span.sources {
				let text = TEXTS[source.index as usize];
				assert!(text[source.offset as usize..].starts_with(&span.text));
			}
		}
	}
}
