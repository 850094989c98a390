use weft_attribution::{
	duplicates::clusters,
	quality::{report, Corpus, Likelihood, QualityReport, Reason},
	QualityRules,
};
use weft_trainer::parse_jsonl;

const GOOD: [&str; 8] = [
	"A loop that never ends because its condition stays true for as long as the program runs.",
	"Soft grey metal of the alkaline group that burns with a crimson flame and reacts slowly with water.",
	"The part of an operating system that decides which process may use the processor next.",
	"An error that vanishes as soon as somebody tries to look at it closely.",
	"A protocol by which two hosts agree on the order of packets before they exchange any payload.",
	"Rhythm section slang for a player who can follow any change of key without being told, e.g. in NYC.",
	"To copy a file byte by byte (0xFFFFFFFF excluded) from one disk to another; see also DD, TCP/IP, RFC822.",
	"Noble gas that glows orange in a discharge tube and makes up a small part of the air that we breathe.",
];

fn line(prompt: &str, answer: &str) -> String {
	serde_json::json!({"prompt": prompt, "completion": answer}).to_string()
}

fn blob(answers: &[&str]) -> Vec<u8> {
	answers.iter().map(|a| line("What is it?", a) + "\n").collect::<String>().into_bytes()
}

fn judge(answers: &[&str], corpus: &Corpus) -> QualityReport {
	report(7, &blob(answers), corpus, &[], &QualityRules::default()).expect("readable")
}

fn earlier() -> Corpus {
	let mut corpus = Corpus::default();
	corpus.add_blob(&blob(&GOOD), 3, |_| true).expect("readable");
	corpus
}

#[test]
fn sound_records_are_accepted_and_the_bitmap_says_so() {
	let report = judge(&GOOD, &Corpus::default());
	assert!(report.records.iter().all(|r| r.ok), "{report:?}");
	assert_eq!(report.accepted_bitmap, "ff");
	assert_eq!((report.summary.accepted, report.summary.refused), (8, 0));
}

#[test]
fn an_exact_copy_of_an_earlier_contribution_is_named_with_its_source() {
	let report = judge(&[GOOD[2]], &earlier());
	assert_eq!(report.records[0].reasons, [Reason::ExactDuplicate]);
	assert_eq!(report.records[0].near_duplicate_in, Some(3));
	assert_eq!(report.records[0].near_duplicate_of.as_ref().map(String::len), Some(64));
	assert_eq!(report.accepted_bitmap, "00");
}

#[test]
fn small_edits_and_shuffled_words_do_not_hide_a_copy() {
	for copy in [
		"Well, an error that vanishes as soon as somebody tries to look at it closely.",
		"A part of the operating system that decides which process can use the processor next. Indeed.",
		"closely. tries it somebody as look at to error soon vanishes An that as",
	] {
		let report = judge(&[copy], &earlier());
		assert_eq!(report.records[0].reasons, [Reason::NearDuplicate], "{copy}");
	}
}

#[test]
fn a_copy_inside_one_contribution_spares_the_first() {
	let report = judge(&[GOOD[0], GOOD[1], GOOD[0]], &Corpus::default());
	assert_eq!(report.records.iter().map(|r| r.ok).collect::<Vec<_>>(), [true, true, false]);
	assert_eq!(report.records[2].near_duplicate_in, Some(7));
	assert_eq!(report.accepted_bitmap, "03");
}

#[test]
fn junk_is_told_from_language() {
	for (junk, reason) in [
		("xkqj wvbnm zzpfq rtgh lkjsdf qpwoe mnbvx hgfk", Reason::Gibberish),
		("asdf jkl asdfgh qwer uiop zxcv asdf hjkl", Reason::Gibberish),
		("#### 1234 %%%% 5678 &&&& 9012 ((( )))", Reason::Gibberish),
		("spam spam spam spam spam spam spam spam spam spam", Reason::Repetition),
		("aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Reason::Repetition),
		(
			"BUY NOW! Best price watches, free shipping, click here for a discount!!!",
			Reason::Advert,
		),
		(
			"Limited time offer: earn money from home, visit our website and sign up for free",
			Reason::Advert,
		),
		("yes", Reason::TooShort),
	] {
		let report = judge(&[junk], &Corpus::default());
		assert!(report.records[0].reasons.contains(&reason), "{junk}: {report:?}");
	}
}

#[test]
fn a_record_of_the_held_out_set_is_reported_as_leakage() {
	let mut corpus = Corpus::default();
	for example in parse_jsonl(&blob(&GOOD[..2])).expect("readable") {
		corpus.add_heldout(&example);
	}
	let report = judge(&[GOOD[1], GOOD[2]], &corpus);
	assert!(report.records[0].reasons.contains(&Reason::Leakage));
	assert!(report.records[1].ok);
}

#[test]
fn a_record_that_the_base_model_finds_absurd_is_refused_and_an_ordinary_one_is_not() {
	let mut likelihoods: Vec<Option<Likelihood>> = (0..8)
		.map(|i| Some(Likelihood { loss: 3.0 + f64::from(i) * 0.1, loss_without_prompt: None }))
		.collect();
	likelihoods[5] = Some(Likelihood { loss: 7.5, loss_without_prompt: None });
	likelihoods[6] = None;
	let report =
		report(1, &blob(&GOOD), &Corpus::default(), &likelihoods, &QualityRules::default())
			.expect("readable");
	assert_eq!(report.records[5].reasons, [Reason::Perplexity]);
	assert_eq!(report.summary.refused, 1);
	assert!(report.records[6].ppl.is_none());
}

#[test]
fn a_contribution_of_junk_alone_is_not_its_own_yardstick() {
	let mut corpus = Corpus::default();
	for i in 0..30 {
		corpus.add_likelihood(&Likelihood {
			loss: 3.0 + f64::from(i) * 0.02,
			loss_without_prompt: None,
		});
	}
	let junk = [Some(Likelihood { loss: 6.5, loss_without_prompt: None }); 8];
	let report =
		report(1, &blob(&GOOD), &corpus, &junk, &QualityRules::default()).expect("readable");
	assert_eq!(report.summary.refused, 8);
}

#[test]
fn a_malformed_line_or_a_wrong_number_of_likelihoods_is_an_error() {
	let rules = QualityRules::default();
	let message = report(1, b"{\"text\":\"fine text\"}\nnope\n", &Corpus::default(), &[], &rules)
		.expect_err("refused")
		.to_string();
	assert!(message.starts_with("line 2:"), "{message}");
	let message = report(1, &blob(&GOOD), &Corpus::default(), &[None], &rules)
		.expect_err("refused")
		.to_string();
	assert!(message.contains("1 likelihoods for 8 records"), "{message}");
}

#[test]
fn the_report_is_json_that_reads_back() {
	let report = judge(&[GOOD[0], "yes"], &earlier());
	let json = serde_json::to_string(&report).expect("serialises");
	assert!(json.contains("\"accepted_bitmap\":\"00\"") && json.contains("too_short"), "{json}");
	assert_eq!(serde_json::from_str::<QualityReport>(&json).expect("reads"), report);
}

#[test]
fn copies_share_the_cluster_of_the_first_text() {
	let copy = format!("Well, {}", GOOD[3]);
	assert_eq!(clusters([GOOD[3], GOOD[4], &copy, GOOD[5], GOOD[4]]), [0, 1, 0, 3, 1]);
}
