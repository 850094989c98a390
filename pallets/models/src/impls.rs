//! What the calls do, what other pallets may ask, and the invariants.

use crate::*;
use alloc::collections::BTreeSet;
use frame_support::ensure;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{DispatchError, DispatchResult};
use weft_primitives::{
	ids::{BaseId, Cid, Hash32, JobId, ModelId},
	split::Split,
};

impl<T: Config> Pallet<T> {
	/// Registers a base model.
	pub fn do_register_base(
		owner: T::AccountId,
		name: Name,
		architecture: Architecture,
		weights: Hash32,
		tokenizer: Hash32,
		licence: Cid,
	) -> Result<BaseId, DispatchError> {
		ensure!(is_name(&name), Error::<T>::BadName);
		ensure!(
			!architecture.is_empty() && architecture.iter().all(u8::is_ascii_graphic),
			Error::<T>::BadArchitecture
		);
		let id = NextBase::<T>::get();
		NextBase::<T>::put(id.checked_add(1).ok_or(Error::<T>::IdsExhausted)?);
		Bases::<T>::insert(
			id,
			Base {
				owner: owner.clone(),
				name,
				architecture,
				weights,
				tokenizer,
				licence,
				at: Self::now(),
			},
		);
		Self::deposit_event(Event::BaseRegistered { base: id, owner });
		Ok(id)
	}

	/// Publishes the result of a job.
	pub fn do_publish(
		owner: T::AccountId,
		job: JobId,
		name: Name,
		price_in: BalanceOf<T>,
		price_out: BalanceOf<T>,
		split: Split,
	) -> Result<ModelId, DispatchError> {
		ensure!(is_name(&name), Error::<T>::BadName);
		ensure!(split.is_valid(), Error::<T>::BadSplit);
		let result = T::TrainingResults::result(job).ok_or(Error::<T>::JobNotFinished)?;
		ensure!(result.requester == owner, Error::<T>::NotRequester);
		ensure!(!ModelOfJob::<T>::contains_key(job), Error::<T>::AlreadyPublished);
		ensure!(Self::base_exists(result.base), Error::<T>::BaseNotFound);
		ensure!(
			result.snapshots.iter().all(|snapshot| T::SnapshotInfo::exists(*snapshot)),
			Error::<T>::SnapshotNotFound
		);

		let id = NextModel::<T>::get();
		NextModel::<T>::put(id.checked_add(1).ok_or(Error::<T>::IdsExhausted)?);
		ModelOfJob::<T>::insert(job, id);
		Models::<T>::insert(
			id,
			Model {
				owner: owner.clone(),
				name,
				base: result.base,
				job,
				snapshots: result.snapshots,
				adapter: result.adapter,
				index_root: result.index_root,
				index: result.index,
				metrics: result.metrics,
				price_in,
				price_out,
				split,
				retired: false,
				at: Self::now(),
			},
		);
		Self::deposit_event(Event::Published {
			model: id,
			owner,
			base: result.base,
			job,
			adapter: result.adapter,
			index_root: result.index_root,
		});
		Ok(id)
	}

	pub(crate) fn do_set_price(
		who: T::AccountId,
		id: ModelId,
		price_in: BalanceOf<T>,
		price_out: BalanceOf<T>,
	) -> DispatchResult {
		let mut model = Self::live_model_of(&who, id)?;
		model.price_in = price_in;
		model.price_out = price_out;
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::PriceChanged { model: id, price_in, price_out });
		Ok(())
	}

	pub(crate) fn do_retire(who: T::AccountId, id: ModelId) -> DispatchResult {
		let mut model = Self::live_model_of(&who, id)?;
		model.retired = true;
		Models::<T>::insert(id, model);
		Self::deposit_event(Event::Retired { model: id });
		Ok(())
	}

	fn live_model_of(who: &T::AccountId, id: ModelId) -> Result<ModelOf<T>, DispatchError> {
		let model = Models::<T>::get(id).ok_or(Error::<T>::ModelNotFound)?;
		ensure!(model.owner == *who, Error::<T>::NotOwner);
		ensure!(!model.retired, Error::<T>::Retired);
		Ok(model)
	}

	/// Whether there is such a base.
	pub fn base_exists(base: BaseId) -> bool {
		Bases::<T>::contains_key(base)
	}

	/// How a model's fees are shared, with the owner of its base and its developer. Also of a
	/// retired model: what it answered before is still paid.
	pub fn rule(model: ModelId) -> Option<(Split, T::AccountId, T::AccountId)> {
		let model = Models::<T>::get(model)?;
		let base = Bases::<T>::get(model.base)?;
		Some((model.split, base.owner, model.owner))
	}

	/// The prices of 1,000 input and output tokens; `None` if the model is unknown or retired.
	pub fn live_prices(model: ModelId) -> Option<(BalanceOf<T>, BalanceOf<T>)> {
		Models::<T>::get(model)
			.filter(|model| !model.retired)
			.map(|model| (model.price_in, model.price_out))
	}

	/// Where a model comes from.
	pub fn lineage(id: ModelId) -> Option<Lineage> {
		let model = Models::<T>::get(id)?;
		let datanets: BTreeSet<_> =
			model.snapshots.iter().filter_map(|s| T::SnapshotInfo::datanet_of(*s)).collect();
		Some(Lineage {
			model: id,
			base: model.base,
			job: model.job,
			snapshots: model.snapshots.into_inner(),
			datanets: datanets.into_iter().collect(),
		})
	}

	fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
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
		ensure!(
			Bases::<T>::iter_keys().all(|id| id < NextBase::<T>::get()),
			"ids: a base has an id that was not given out"
		);
		for (id, model) in Models::<T>::iter() {
			ensure!(id < NextModel::<T>::get(), "ids: a model has an id that was not given out");
			ensure!(model.split.is_valid(), "split: does not sum to 1,000,000");
			ensure!(Self::base_exists(model.base), "bases: a model without its base");
			ensure!(
				ModelOfJob::<T>::get(model.job) == Some(id),
				"jobs: a model is not the model of its job"
			);
			ensure!(
				model.snapshots.iter().all(|s| T::SnapshotInfo::exists(*s)),
				"snapshots: a model was trained on one that does not exist"
			);
		}
		for (job, model) in ModelOfJob::<T>::iter() {
			ensure!(
				Models::<T>::get(model).is_some_and(|m| m.job == job),
				"jobs: a job's model does not exist or is another job's"
			);
		}
		Ok(())
	}
}
