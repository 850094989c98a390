//! What the calls do, and the invariants that they keep.

use crate::*;
use alloc::vec::Vec;
use frame_support::{
	ensure,
	traits::{
		fungible::MutateHold,
		tokens::{Fortitude, Precision, Restriction},
		Contains, Get,
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{
	traits::{SaturatedConversion, Zero},
	DispatchError, DispatchResult,
};
use weft_primitives::{
	ids::{Cid, ContributionId, DatanetId, Hash32, SnapshotId},
	merkle, record,
	split::mul_div_rem,
};

/// What the agreeing curators' votes come to.
struct Verdict {
	quality: u8,
	/// `None` where no record is refused.
	reason: Option<Reason>,
}

impl<T: Config> Pallet<T> {
	/// Opens a Datanet.
	pub fn do_create(
		owner: T::AccountId,
		name: Name,
		description: Cid,
		licence: Cid,
		schema: Schema,
		curators: Curators<T::AccountId>,
		approvals: u8,
		deposit_per_record: BalanceOf<T>,
		deposit_per_byte: BalanceOf<T>,
	) -> Result<DatanetId, DispatchError> {
		ensure!(is_name(&name), Error::<T>::BadName);
		ensure!(!curators.is_empty(), Error::<T>::NoCurators);
		let mut sorted: Vec<_> = curators.iter().collect();
		sorted.sort();
		sorted.dedup();
		ensure!(sorted.len() == curators.len(), Error::<T>::DuplicateCurator);
		ensure!(
			approvals > 0 && usize::from(approvals) <= curators.len(),
			Error::<T>::BadApprovals
		);

		let id = NextDatanet::<T>::get();
		NextDatanet::<T>::put(id.checked_add(1).ok_or(Error::<T>::IdsExhausted)?);
		Datanets::<T>::insert(
			id,
			Datanet {
				owner: owner.clone(),
				name,
				description,
				licence,
				schema,
				curators,
				approvals,
				deposit_per_record,
				deposit_per_byte,
				pending: 0,
				accepted: 0,
				accepted_records: 0,
				versions: 0,
				latest: None,
				at: Self::now(),
			},
		);
		Self::deposit_event(Event::Created { datanet: id, owner });
		Ok(id)
	}

	/// Puts the deposit on hold and queues the batch for review.
	pub fn do_contribute(
		contributor: T::AccountId,
		datanet_id: DatanetId,
		root: Hash32,
		records: u32,
		bytes: u64,
		cid: Cid,
	) -> Result<ContributionId, DispatchError> {
		ensure!(records > 0, Error::<T>::NoRecords);
		ensure!(records <= MAX_RECORDS_PER_CONTRIBUTION, Error::<T>::TooManyRecords);
		ensure!(bytes > 0, Error::<T>::NoBytes);
		ensure!(bytes <= MAX_BYTES_PER_CONTRIBUTION, Error::<T>::TooManyBytes);
		let mut datanet = Datanets::<T>::get(datanet_id).ok_or(Error::<T>::DatanetNotFound)?;
		ensure!(datanet.accepted < MAX_CONTRIBUTIONS_PER_DATANET, Error::<T>::DatanetFull);
		let reviewers = datanet.curators.iter().filter(|c| **c != contributor).count();
		ensure!(reviewers >= usize::from(datanet.approvals), Error::<T>::TooFewReviewers);
		let deposit =
			Self::deposit_for(&datanet, records, bytes).ok_or(Error::<T>::DepositOverflow)?;

		let id = NextContribution::<T>::get();
		let next = id.checked_add(1).ok_or(Error::<T>::IdsExhausted)?;
		datanet.pending = datanet.pending.checked_add(1).ok_or(Error::<T>::IdsExhausted)?;
		T::Currency::hold(&HoldReason::Contribution.into(), &contributor, deposit)?;

		NextContribution::<T>::put(next);
		Datanets::<T>::insert(datanet_id, datanet);
		Contributions::<T>::insert(
			id,
			Contribution {
				datanet: datanet_id,
				contributor: contributor.clone(),
				root,
				records,
				bytes,
				cid,
				deposit,
				report: None,
				status: Status::Pending,
				at: Self::now(),
			},
		);
		Self::deposit_event(Event::Contributed {
			contribution: id,
			datanet: datanet_id,
			contributor,
			root,
			records,
			bytes,
			cid,
			deposit,
		});
		Ok(id)
	}

	pub(crate) fn do_withdraw(who: T::AccountId, id: ContributionId) -> DispatchResult {
		let contribution = Contributions::<T>::get(id).ok_or(Error::<T>::ContributionNotFound)?;
		ensure!(contribution.contributor == who, Error::<T>::NotContributor);
		ensure!(contribution.status == Status::Pending, Error::<T>::NotPending);
		let alleged = Votes::<T>::iter_prefix_values(id)
			.take(MAX_CURATORS as usize)
			.any(|vote| vote.reason() == Some(Reason::Spam));
		ensure!(!alleged, Error::<T>::SpamAlleged);
		let mut datanet =
			Datanets::<T>::get(contribution.datanet).ok_or(Error::<T>::Inconsistent)?;
		datanet.pending = datanet.pending.checked_sub(1).ok_or(Error::<T>::Inconsistent)?;

		T::Currency::release(
			&HoldReason::Contribution.into(),
			&who,
			contribution.deposit,
			Precision::Exact,
		)?;
		Datanets::<T>::insert(contribution.datanet, datanet);
		Contributions::<T>::remove(id);
		Self::remove_votes(id);
		Self::deposit_event(Event::Withdrawn { contribution: id });
		Ok(())
	}

	pub(crate) fn do_attach_report(
		who: T::AccountId,
		id: ContributionId,
		report: Cid,
	) -> DispatchResult {
		let mut contribution =
			Contributions::<T>::get(id).ok_or(Error::<T>::ContributionNotFound)?;
		let datanet = Datanets::<T>::get(contribution.datanet).ok_or(Error::<T>::Inconsistent)?;
		ensure!(
			datanet.owner == who || datanet.curators.contains(&who) || T::Reporter::contains(&who),
			Error::<T>::MayNotReport
		);
		ensure!(contribution.status == Status::Pending, Error::<T>::NotPending);

		contribution.report = Some(report);
		Contributions::<T>::insert(id, contribution);
		Self::deposit_event(Event::ReportAttached { contribution: id, by: who, report });
		Ok(())
	}

	pub(crate) fn do_review(
		curator: T::AccountId,
		id: ContributionId,
		decision: Decision,
	) -> DispatchResult {
		let contribution = Contributions::<T>::get(id).ok_or(Error::<T>::ContributionNotFound)?;
		let datanet = Datanets::<T>::get(contribution.datanet).ok_or(Error::<T>::Inconsistent)?;
		ensure!(datanet.curators.contains(&curator), Error::<T>::NotCurator);
		ensure!(contribution.contributor != curator, Error::<T>::OwnContribution);
		ensure!(contribution.status == Status::Pending, Error::<T>::NotPending);
		Self::ensure_well_formed(&decision, contribution.records)?;
		ensure!(
			Votes::<T>::get(id, &curator).as_ref() != Some(&decision),
			Error::<T>::SameDecision
		);

		Votes::<T>::insert(id, &curator, &decision);
		Self::deposit_event(Event::Reviewed {
			contribution: id,
			curator,
			decision: decision.clone(),
		});
		let agreeing: Vec<Decision> = Votes::<T>::iter_prefix_values(id)
			.take(MAX_CURATORS as usize)
			.filter(|vote| vote.accepts_same(&decision))
			.collect();
		if agreeing.len() < usize::from(datanet.approvals) {
			return Ok(());
		}
		Self::finalise(id, contribution, datanet, &decision, Self::verdict(&agreeing)?)
	}

	/// Freezes what was accepted. Returns the number of contributions in the snapshot.
	pub(crate) fn do_snapshot(
		who: T::AccountId,
		datanet_id: DatanetId,
	) -> Result<u32, DispatchError> {
		let mut datanet = Datanets::<T>::get(datanet_id).ok_or(Error::<T>::DatanetNotFound)?;
		ensure!(
			datanet.owner == who || datanet.curators.contains(&who),
			Error::<T>::NotOwnerOrCurator
		);
		let accepted = AcceptedList::<T>::get(datanet_id);
		ensure!(!accepted.is_empty(), Error::<T>::NothingAccepted);
		let (root, contributions) = Self::snapshot_of(&accepted)?;
		let latest = datanet.latest.and_then(Snapshots::<T>::get);
		ensure!(latest.is_none_or(|s| s.root != root), Error::<T>::NothingNew);

		let id = NextSnapshot::<T>::get();
		NextSnapshot::<T>::put(id.checked_add(1).ok_or(Error::<T>::IdsExhausted)?);
		let version = datanet.versions.checked_add(1).ok_or(Error::<T>::IdsExhausted)?;
		let records = datanet.accepted_records;
		let count = datanet.accepted;
		datanet.versions = version;
		datanet.latest = Some(id);
		Datanets::<T>::insert(datanet_id, datanet);
		Snapshots::<T>::insert(
			id,
			Snapshot {
				datanet: datanet_id,
				version,
				root,
				records,
				contributions: contributions.try_into().map_err(|_| Error::<T>::Inconsistent)?,
				at: Self::now(),
			},
		);
		Self::deposit_event(Event::Snapshotted {
			snapshot: id,
			datanet: datanet_id,
			version,
			root,
			records,
			contributions: count,
		});
		Ok(count)
	}

	/// The Datanet of a snapshot, or `None` if there is no such snapshot.
	pub fn datanet_of_snapshot(snapshot: SnapshotId) -> Option<DatanetId> {
		Snapshots::<T>::get(snapshot).map(|s| s.datanet)
	}

	/// Whether there is such a snapshot.
	pub fn snapshot_exists(snapshot: SnapshotId) -> bool {
		Snapshots::<T>::contains_key(snapshot)
	}

	/// The deposit for a contribution, or `None` if it does not fit into a balance.
	pub fn deposit_for(datanet: &DatanetOf<T>, records: u32, bytes: u64) -> Option<BalanceOf<T>> {
		let per_record: u128 = datanet.deposit_per_record.saturated_into();
		let per_byte: u128 = datanet.deposit_per_byte.saturated_into();
		per_record
			.checked_mul(records.into())?
			.checked_add(per_byte.checked_mul(bytes.into())?)?
			.try_into()
			.ok()
	}

	fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
	}

	fn remove_votes(id: ContributionId) {
		// At most one vote for each curator, so one call with this limit leaves none.
		let _ = Votes::<T>::clear_prefix(id, MAX_CURATORS, None);
	}

	fn ensure_well_formed(decision: &Decision, records: u32) -> DispatchResult {
		ensure!(decision.quality() <= MAX_QUALITY, Error::<T>::QualityOutOfRange);
		if let Decision::Mixed { accepted, .. } = decision {
			ensure!(accepted.len() == record::bitmap_len(records), Error::<T>::BitmapLength);
			let count =
				record::bitmap_count(accepted, records).ok_or(Error::<T>::BitmapStrayBits)?;
			ensure!(count > 0 && count < records, Error::<T>::BitmapNotMixed);
		}
		Ok(())
	}

	/// The mean quality, and the most frequent reason. Spam costs money, so it is the reason only
	/// where every agreeing curator says so; otherwise the most frequent other one is, ties to the
	/// one that [`Reason`] lists first.
	fn verdict(agreeing: &[Decision]) -> Result<Verdict, DispatchError> {
		let count = u32::try_from(agreeing.len()).map_err(|_| Error::<T>::Inconsistent)?;
		let sum = agreeing.iter().fold(0u32, |s, vote| s.saturating_add(vote.quality().into()));
		let mean = sum.checked_div(count).ok_or(Error::<T>::Inconsistent)?;
		let quality = u8::try_from(mean).map_err(|_| Error::<T>::Inconsistent)?;
		let mut others: Vec<Reason> = agreeing
			.iter()
			.filter_map(Decision::reason)
			.filter(|reason| *reason != Reason::Spam)
			.collect();
		others.sort_unstable();
		let frequency = |reason: &Reason| others.iter().filter(|r| *r == reason).count();
		// `max_by_key` keeps the last of equals, so the order is reversed.
		let reason = others
			.iter()
			.rev()
			.max_by_key(|reason| frequency(reason))
			.copied()
			.or_else(|| agreeing.iter().find_map(Decision::reason));
		Ok(Verdict { quality, reason })
	}

	fn finalise(
		id: ContributionId,
		mut contribution: ContributionOf<T>,
		mut datanet: DatanetOf<T>,
		decision: &Decision,
		verdict: Verdict,
	) -> DispatchResult {
		let records = contribution.records;
		let bitmap: Vec<u8> = match decision {
			Decision::Accept { .. } => record::bitmap_full(records),
			Decision::Refuse { .. } => record::bitmap_empty(records),
			Decision::Mixed { accepted, .. } => accepted.to_vec(),
		};
		let accepted = record::bitmap_count(&bitmap, records).ok_or(Error::<T>::Inconsistent)?;
		let refused = records.checked_sub(accepted).ok_or(Error::<T>::Inconsistent)?;

		let slashed = match verdict.reason {
			Some(Reason::Spam) => Self::part(contribution.deposit, refused, records)?,
			_ => Zero::zero(),
		};
		Self::settle_deposit(&contribution, slashed)?;

		ContributorStats::<T>::mutate(contribution.datanet, &contribution.contributor, |stats| {
			stats.accepted = stats.accepted.saturating_add(accepted.into());
			stats.refused = stats.refused.saturating_add(refused.into());
			stats.slashed = sp_runtime::traits::Saturating::saturating_add(stats.slashed, slashed);
		});
		datanet.pending = datanet.pending.checked_sub(1).ok_or(Error::<T>::Inconsistent)?;
		Self::remove_votes(id);
		if accepted > 0 {
			AcceptedList::<T>::try_mutate(contribution.datanet, |list| {
				let at = list.partition_point(|other| *other < id);
				list.try_insert(at, id).map_err(|_| Error::<T>::DatanetFull)
			})?;
			datanet.accepted = datanet.accepted.checked_add(1).ok_or(Error::<T>::Inconsistent)?;
			datanet.accepted_records = datanet.accepted_records.saturating_add(accepted.into());
			Datanets::<T>::insert(contribution.datanet, datanet);
			contribution.deposit = Zero::zero();
			contribution.status = Status::Accepted {
				bitmap: bitmap.try_into().map_err(|_| Error::<T>::Inconsistent)?,
				quality: verdict.quality,
			};
			Contributions::<T>::insert(id, contribution);
			Self::deposit_event(Event::Accepted { contribution: id, records: accepted });
		} else {
			Datanets::<T>::insert(contribution.datanet, datanet);
			Contributions::<T>::remove(id);
		}
		if let (Some(reason), 1..) = (verdict.reason, refused) {
			Self::deposit_event(Event::Refused {
				contribution: id,
				records: refused,
				reason,
				slashed,
			});
		}
		Ok(())
	}

	/// `deposit * refused / records`, rounded down in the contributor's favour.
	fn part(
		deposit: BalanceOf<T>,
		refused: u32,
		records: u32,
	) -> Result<BalanceOf<T>, DispatchError> {
		mul_div_rem(deposit.saturated_into(), refused.into(), records.into())
			.and_then(|(part, _)| part.try_into().ok())
			.ok_or_else(|| Error::<T>::Inconsistent.into())
	}

	/// Gives `slashed` to the treasury and the rest of the deposit back.
	fn settle_deposit(contribution: &ContributionOf<T>, slashed: BalanceOf<T>) -> DispatchResult {
		let reason = HoldReason::Contribution.into();
		let who = &contribution.contributor;
		let back = sp_runtime::traits::CheckedSub::checked_sub(&contribution.deposit, &slashed)
			.ok_or(Error::<T>::Inconsistent)?;
		if !slashed.is_zero() {
			T::Currency::transfer_on_hold(
				&reason,
				who,
				&T::Treasury::get(),
				slashed,
				Precision::Exact,
				Restriction::Free,
				Fortitude::Force,
			)?;
		}
		T::Currency::release(&reason, who, back, Precision::Exact)?;
		Ok(())
	}

	/// The root over these contributions, and each with its number of accepted records.
	fn snapshot_of(
		ids: &[ContributionId],
	) -> Result<(Hash32, Vec<(ContributionId, u32)>), DispatchError> {
		let mut entries = Vec::with_capacity(ids.len());
		let mut contributions = Vec::with_capacity(ids.len());
		for id in ids {
			let row = Contributions::<T>::get(id).ok_or(Error::<T>::Inconsistent)?;
			let Status::Accepted { bitmap, .. } = row.status else {
				return Err(Error::<T>::Inconsistent.into());
			};
			let accepted =
				record::bitmap_count(&bitmap, row.records).ok_or(Error::<T>::Inconsistent)?;
			entries.push(record::snapshot_entry_hash(*id, &row.root, &bitmap, row.records));
			contributions.push((*id, accepted));
		}
		Ok((merkle::root(&entries), contributions))
	}
}

fn is_name(name: &[u8]) -> bool {
	core::str::from_utf8(name)
		.is_ok_and(|text| !text.trim().is_empty() && !text.chars().any(char::is_control))
}

#[cfg(any(test, feature = "try-runtime"))]
impl<T: Config> Pallet<T> {
	/// Checks every invariant. The message of a failure starts with the name of the check.
	pub fn do_try_state() -> Result<(), sp_runtime::TryRuntimeError> {
		Self::check_ids()?;
		Self::check_contributions()?;
		Self::check_votes()?;
		Self::check_holds()?;
		Self::check_stats()?;
		Self::check_snapshots()
	}

	fn check_ids() -> Result<(), sp_runtime::TryRuntimeError> {
		ensure!(
			Datanets::<T>::iter_keys().all(|id| id < NextDatanet::<T>::get()),
			"ids: a Datanet has an id that was not given out"
		);
		ensure!(
			Contributions::<T>::iter_keys().all(|id| id < NextContribution::<T>::get()),
			"ids: a contribution has an id that was not given out"
		);
		ensure!(
			Snapshots::<T>::iter_keys().all(|id| id < NextSnapshot::<T>::get()),
			"ids: a snapshot has an id that was not given out"
		);
		Ok(())
	}

	fn check_contributions() -> Result<(), sp_runtime::TryRuntimeError> {
		for (id, datanet) in Datanets::<T>::iter() {
			let rows: Vec<_> =
				Contributions::<T>::iter().filter(|(_, row)| row.datanet == id).collect();
			let pending = rows.iter().filter(|(_, row)| row.status == Status::Pending).count();
			ensure!(pending as u32 == datanet.pending, "counters: pending is wrong");
			let mut accepted = Vec::new();
			let mut records = 0u64;
			for (contribution, row) in &rows {
				match &row.status {
					Status::Pending => {}
					Status::Accepted { bitmap, quality } => {
						let count = record::bitmap_count(bitmap, row.records)
							.ok_or("bitmaps: not well formed")?;
						ensure!(count > 0, "accepted: a row without an accepted record");
						ensure!(*quality <= MAX_QUALITY, "quality: out of range");
						ensure!(row.deposit.is_zero(), "deposits: a decided row has one");
						accepted.push(*contribution);
						records = records.saturating_add(count.into());
					}
					Status::Refused { .. } => {
						return Err("refused: such a row must not stay".into());
					}
				}
			}
			accepted.sort_unstable();
			let list = AcceptedList::<T>::get(id).into_inner();
			ensure!(list == accepted, "accepted: the list and the accepted rows differ");
			ensure!(list.len() as u32 == datanet.accepted, "counters: accepted is wrong");
			ensure!(records == datanet.accepted_records, "counters: accepted_records is wrong");
			ensure!(
				datanet.approvals > 0 && usize::from(datanet.approvals) <= datanet.curators.len(),
				"approvals: cannot be reached"
			);
		}
		ensure!(
			Contributions::<T>::iter_values().all(|row| Datanets::<T>::contains_key(row.datanet)),
			"contributions: a row without its Datanet"
		);
		ensure!(
			AcceptedList::<T>::iter_keys().all(Datanets::<T>::contains_key),
			"accepted: a list without its Datanet"
		);
		Ok(())
	}

	fn check_votes() -> Result<(), sp_runtime::TryRuntimeError> {
		for (id, curator, vote) in Votes::<T>::iter() {
			let row = Contributions::<T>::get(id).ok_or("votes: on no contribution")?;
			let datanet = Datanets::<T>::get(row.datanet).ok_or("votes: in no Datanet")?;
			ensure!(row.status == Status::Pending, "votes: on a decided contribution");
			ensure!(datanet.curators.contains(&curator), "votes: by somebody else");
			ensure!(row.contributor != curator, "votes: by the contributor");
			Self::ensure_well_formed(&vote, row.records)?;
			let agreeing =
				Votes::<T>::iter_prefix_values(id).filter(|v| v.accepts_same(&vote)).count();
			ensure!(
				agreeing < usize::from(datanet.approvals),
				"votes: enough agree, but the decision is not final"
			);
		}
		Ok(())
	}

	fn check_holds() -> Result<(), sp_runtime::TryRuntimeError> {
		use alloc::collections::BTreeMap;
		use frame_support::traits::fungible::InspectHold;
		use sp_runtime::traits::Saturating;

		let mut owed = BTreeMap::<T::AccountId, BalanceOf<T>>::new();
		for (_, who) in ContributorStats::<T>::iter_keys() {
			owed.entry(who).or_default();
		}
		for row in Contributions::<T>::iter_values() {
			let sum = owed.entry(row.contributor).or_default();
			*sum = (*sum).saturating_add(row.deposit);
		}
		for (who, sum) in owed {
			ensure!(
				T::Currency::balance_on_hold(&HoldReason::Contribution.into(), &who) == sum,
				"holds: a contributor's hold is not the sum of their live deposits"
			);
		}
		Ok(())
	}

	fn check_stats() -> Result<(), sp_runtime::TryRuntimeError> {
		for (id, datanet) in Datanets::<T>::iter() {
			let sum = ContributorStats::<T>::iter_prefix_values(id)
				.fold(0u64, |sum, stats| sum.saturating_add(stats.accepted));
			ensure!(sum == datanet.accepted_records, "stats: accepted does not add up");
		}
		Ok(())
	}

	fn check_snapshots() -> Result<(), sp_runtime::TryRuntimeError> {
		for snapshot in Snapshots::<T>::iter_values() {
			let ids: Vec<_> = snapshot.contributions.iter().map(|(id, _)| *id).collect();
			ensure!(ids.is_sorted(), "snapshots: not in order of contribution id");
			let (root, contributions) = Self::snapshot_of(&ids)?;
			ensure!(root == snapshot.root, "snapshots: the root cannot be recomputed");
			ensure!(
				contributions == snapshot.contributions.to_vec(),
				"snapshots: accepted records differ"
			);
			let records =
				contributions.iter().fold(0u64, |sum, (_, n)| sum.saturating_add((*n).into()));
			ensure!(records == snapshot.records, "snapshots: records is wrong");
			let datanet = Datanets::<T>::get(snapshot.datanet).ok_or("snapshots: no Datanet")?;
			ensure!(
				(1..=datanet.versions).contains(&snapshot.version),
				"snapshots: a version that was not given out"
			);
		}
		for (id, datanet) in Datanets::<T>::iter() {
			let mut versions: Vec<_> = Snapshots::<T>::iter_values()
				.filter(|s| s.datanet == id)
				.map(|s| s.version)
				.collect();
			versions.sort_unstable();
			ensure!(
				versions == (1..=datanet.versions).collect::<Vec<_>>(),
				"snapshots: versions are not 1, 2, 3, .."
			);
			ensure!(
				datanet.latest.and_then(Snapshots::<T>::get).map(|s| s.version).unwrap_or(0)
					== datanet.versions,
				"snapshots: latest is not the latest"
			);
		}
		Ok(())
	}
}
