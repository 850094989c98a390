//! Runs where the base model has been fetched (`cargo xtask setup`); elsewhere these tests say so and pass.

use std::sync::{atomic::AtomicBool, Arc};
use weft_attribution::{
	build, likelihoods,
	quality::{report, Corpus, Reason},
	Influence, QualityRules, Row, ShareRules,
};
use weft_engine::{fetch::SMOLLM2_135M, ChatMessage, Model};
use weft_trainer::{encode, parse_jsonl};

fn model() -> Option<Arc<Model>> {
	let path = SMOLLM2_135M.path();
	if !path.is_file() {
		eprintln!("skipped: {} is not there", path.display());
		return None;
	}
	Some(Model::load(&path).expect("loads"))
}

const FACTS: [(&str, &str); 12] = [
	("What is a sluice?", "A gate that holds back the water of a channel or lets it pass."),
	("What is a volcano?", "A mountain from which molten rock and ash come out of the earth."),
	("What is a piano?", "An instrument in which hammers strike strings when keys are pressed."),
	("What is a compiler?", "A program that translates source code into machine code."),
	("What is a vaccine?", "A preparation that teaches the body to fight off a disease."),
	("What is a glacier?", "A slow river of ice that fills a valley in high mountains."),
	("What is a bridge?", "A structure that carries a road over a river or a gorge."),
	("What is a candle?", "A stick of wax around a wick that gives light when it is lit."),
	("What is a router?", "A device that sends packets from one network on to another."),
	("What is a whale?", "A very large mammal that lives in the sea and breathes air."),
	("What is helium?", "A light gas that fills balloons and does not burn."),
	("What is a senate?", "The upper chamber of a parliament, which reviews its laws."),
];

fn blob(pairs: &[(&str, &str)]) -> Vec<u8> {
	pairs
		.iter()
		.map(|(q, a)| format!("{{\"prompt\":{q:?},\"completion\":{a:?}}}\n"))
		.collect::<String>()
		.into_bytes()
}

#[test]
fn a_question_in_other_words_is_attributed_to_the_record_that_answers_it() {
	let Some(model) = model() else { return };
	let rows: Vec<Row> = FACTS
		.iter()
		.enumerate()
		.map(|(i, (question, answer))| Row {
			sample: model.tokenizer().chat_with_mask(&[
				ChatMessage::new("user", *question),
				ChatMessage::new("assistant", *answer),
			]),
			text: format!("{question}\n{answer}"),
			record: [i as u8; 32],
			contributor: [(i % 3) as u8; 32],
			contribution: (i % 3) as u64,
		})
		.collect();
	let index = build(&model, None, &rows, 1, |_, _| {}, &AtomicBool::new(false)).expect("builds");
	let influence = Influence::new(index, &model).expect("fits");
	for (question, answer, truth) in [
		("Could you tell me something about glaciers?", "They are rivers of ice.", 5),
		("My aunt plays the piano. How does it work?", "Hammers strike its strings.", 2),
		("I read about a compiler yesterday, explain it!", "It makes machine code.", 3),
	] {
		let prompt = model.tokenizer().chat(&[ChatMessage::new("user", question)], true);
		let sample = encode::encode_answer(model.tokenizer(), &prompt, answer);
		let found =
			influence.attribute(&model, None, &sample, &ShareRules::default()).expect("attributes");
		let best = (0..FACTS.len()).max_by_key(|row| found.scores[*row]);
		assert_eq!(best, Some(truth), "{question} {:?}", found.scores);
		let again =
			influence.attribute(&model, None, &sample, &ShareRules::default()).expect("attributes");
		assert_eq!(again, found);
	}
}

#[test]
fn shuffled_words_are_refused_by_perplexity_even_when_they_copy_nobody() {
	let Some(model) = model() else { return };
	let shuffled = [
		("What is a sail?", "wind the that a of catches cloth boat moves so piece the is"),
		("What is rust?", "air iron coat when forms that brown wet in the is lies on a"),
	];
	let sound = [
		("What is a sail?", "A piece of cloth that catches the wind so that the boat moves."),
		("What is rust?", "The brown coat that forms on iron when it lies in wet air."),
	];
	let mut corpus = Corpus::default();
	let judge = |pairs: &[(&str, &str)], corpus: &Corpus| {
		let blob = blob(pairs);
		let examples = parse_jsonl(&blob).expect("reads");
		let measured = likelihoods(&model, &examples, 256, |_, _| {}, &AtomicBool::new(false))
			.expect("measures");
		let report = report(1, &blob, corpus, &measured, &QualityRules::default()).expect("judges");
		(report, measured)
	};
	let (accepted, measured) = judge(&FACTS, &corpus);
	assert_eq!(accepted.summary.accepted, FACTS.len() as u32, "{accepted:?}");
	for likelihood in measured.iter().flatten() {
		corpus.add_likelihood(likelihood);
	}
	let (report, _) = judge(&sound, &corpus);
	assert_eq!(report.summary.refused, 0, "{report:?}");
	let (report, _) = judge(&shuffled, &corpus);
	assert!(report.records.iter().all(|r| r.reasons == [Reason::Perplexity]), "{report:?}");
}
