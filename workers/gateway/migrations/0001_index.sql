-- Every event of the chain, and what follows from them. Amounts are decimal text: SQLite's integers
-- end at 2^63, balances at 2^128.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE blocks (number INTEGER PRIMARY KEY, hash TEXT NOT NULL, parent TEXT NOT NULL);

CREATE TABLE events (
	block INTEGER NOT NULL,
	idx INTEGER NOT NULL,
	extrinsic INTEGER,
	pallet TEXT NOT NULL,
	name TEXT NOT NULL,
	json TEXT NOT NULL,
	PRIMARY KEY (block, idx)
);
CREATE INDEX events_by_name ON events (pallet, name, block, idx);

CREATE TABLE datanets (
	id INTEGER PRIMARY KEY,
	owner TEXT NOT NULL,
	contributions INTEGER NOT NULL DEFAULT 0,
	records_offered INTEGER NOT NULL DEFAULT 0,
	records_accepted INTEGER NOT NULL DEFAULT 0,
	records_refused INTEGER NOT NULL DEFAULT 0,
	snapshots INTEGER NOT NULL DEFAULT 0,
	at INTEGER NOT NULL
);

CREATE TABLE contributions (
	id INTEGER PRIMARY KEY,
	datanet INTEGER NOT NULL,
	contributor TEXT NOT NULL,
	root TEXT NOT NULL,
	records INTEGER NOT NULL,
	bytes INTEGER NOT NULL,
	cid TEXT NOT NULL,
	deposit TEXT NOT NULL,
	report TEXT,
	status TEXT NOT NULL,
	accepted INTEGER NOT NULL DEFAULT 0,
	refused INTEGER NOT NULL DEFAULT 0,
	reason TEXT,
	slashed TEXT NOT NULL DEFAULT '0',
	at INTEGER NOT NULL,
	decided_at INTEGER
);
CREATE INDEX contributions_by_datanet ON contributions (datanet, id);
CREATE INDEX contributions_by_contributor ON contributions (contributor, id);

CREATE TABLE reviews (
	contribution INTEGER NOT NULL,
	curator TEXT NOT NULL,
	decision TEXT NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (contribution, curator)
);

CREATE TABLE snapshots (
	id INTEGER PRIMARY KEY,
	datanet INTEGER NOT NULL,
	version INTEGER NOT NULL,
	root TEXT NOT NULL,
	records INTEGER NOT NULL,
	contributions INTEGER NOT NULL,
	at INTEGER NOT NULL
);

CREATE TABLE bases (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, at INTEGER NOT NULL);

CREATE TABLE models (
	id INTEGER PRIMARY KEY,
	owner TEXT NOT NULL,
	base INTEGER NOT NULL,
	job INTEGER NOT NULL,
	adapter TEXT NOT NULL,
	index_root TEXT NOT NULL,
	retired INTEGER NOT NULL DEFAULT 0,
	fees TEXT NOT NULL DEFAULT '0',
	contributors TEXT NOT NULL DEFAULT '0',
	settlements INTEGER NOT NULL DEFAULT 0,
	at INTEGER NOT NULL
);

CREATE TABLE jobs (
	id INTEGER PRIMARY KEY,
	requester TEXT NOT NULL,
	kind TEXT NOT NULL,
	price TEXT NOT NULL,
	state TEXT NOT NULL,
	worker TEXT,
	permille INTEGER NOT NULL DEFAULT 0,
	note TEXT,
	attempts INTEGER NOT NULL DEFAULT 0,
	result TEXT,
	paid TEXT,
	refunded TEXT,
	at INTEGER NOT NULL,
	updated_at INTEGER NOT NULL
);
CREATE INDEX jobs_by_requester ON jobs (requester, id);
CREATE INDEX jobs_by_worker ON jobs (worker, id);

CREATE TABLE workers (
	owner TEXT PRIMARY KEY,
	hot TEXT NOT NULL,
	status TEXT NOT NULL,
	slashed TEXT NOT NULL DEFAULT '0',
	jobs_settled INTEGER NOT NULL DEFAULT 0,
	fees TEXT NOT NULL DEFAULT '0',
	at INTEGER NOT NULL
);

CREATE TABLE settlements (
	block INTEGER NOT NULL,
	idx INTEGER NOT NULL,
	kind TEXT NOT NULL,
	payer TEXT NOT NULL,
	worker TEXT NOT NULL,
	model INTEGER NOT NULL,
	fee TEXT NOT NULL,
	treasury TEXT NOT NULL,
	base_owner TEXT NOT NULL,
	developer TEXT NOT NULL,
	worker_amount TEXT NOT NULL,
	contributors TEXT NOT NULL,
	PRIMARY KEY (block, idx)
);
CREATE INDEX settlements_by_model ON settlements (model, block, idx);

CREATE TABLE epochs (
	worker TEXT NOT NULL,
	epoch INTEGER NOT NULL,
	root TEXT NOT NULL,
	total TEXT NOT NULL,
	allotted TEXT NOT NULL,
	reserved TEXT NOT NULL,
	leaves TEXT NOT NULL,
	receipts_root TEXT,
	receipts INTEGER,
	claimable_at INTEGER NOT NULL,
	rejected INTEGER NOT NULL DEFAULT 0,
	at INTEGER NOT NULL,
	PRIMARY KEY (worker, epoch)
);

CREATE TABLE claims (
	block INTEGER NOT NULL,
	idx INTEGER NOT NULL,
	worker TEXT NOT NULL,
	account TEXT NOT NULL,
	amount TEXT NOT NULL,
	PRIMARY KEY (block, idx)
);
CREATE INDEX claims_by_account ON claims (account, block, idx);

-- Names, prices and the like, read from the chain's state. They are a cache: `stale` says what must
-- be read again, and is written in the same transaction as the block that touched it.
CREATE TABLE details (kind TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE stale (kind TEXT NOT NULL, id TEXT NOT NULL, PRIMARY KEY (kind, id));
