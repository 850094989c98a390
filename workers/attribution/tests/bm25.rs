use weft_attribution::bm25::{random_scores, ranking, Bm25};

#[test]
fn the_document_with_the_rare_word_comes_first() {
	let index = Bm25::new(["the cat sat", "the dog sat on the mat", "the quick zebra"]);
	assert_eq!(ranking(&index.scores("the zebra"))[0], 2);
	assert_eq!(index.scores("nothing"), vec![0.0; 3]);
}

#[test]
fn a_score_is_the_textbook_value() {
	// One document of three words, one hit: idf = ln(1 + 0.5/1.5), tf = 2.2/2.2.
	let score = Bm25::new(["a b c"]).scores("a")[0];
	assert!((score - (1.0f64 + 0.5 / 1.5).ln()).abs() < 1e-12);
}

#[test]
fn random_scores_repeat_with_the_seed() {
	assert_eq!(random_scores(5, 1), random_scores(5, 1));
	assert_ne!(random_scores(5, 1), random_scores(5, 2));
}
