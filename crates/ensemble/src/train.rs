//! Training of one group of members, stacked along a leading axis, from any checkpoint to the end.

use array_api::{
    Array, Error, Index, Result, Tree, argsort, at, fold_in, isnan, less, logical_and, logical_or, persist, take,
    where_,
};
use array_transforms::{value_and_grad, vmap};

use crate::member::{Member, MemberData, MemberParams, PriorParams};
use crate::optimizer::OptimizerState;

/// A group of members during training: all that a checkpoint must hold.
#[derive(Clone, Debug, Tree)]
pub(crate) struct GroupState {
    /// The members' parameters.
    pub(crate) params: MemberParams,
    /// The optimiser's memory.
    pub(crate) optimizer: OptimizerState,
    /// Early stopping: the best parameters so far.
    pub(crate) best: Option<Best>,
    /// The training loss of every epoch so far, shape `(members, 1)` each.
    pub(crate) losses: Vec<Array>,
}

/// The best parameters of members that stop early.
#[derive(Clone, Debug, Tree)]
pub(crate) struct Best {
    /// The parameters.
    pub(crate) params: MemberParams,
    /// Their out-of-bag loss, shape `(members,)`.
    pub(crate) loss: Array,
    /// Looks since, shape `(members,)`.
    pub(crate) waited: Array,
    /// The epoch of the best parameters, shape `(members,)`.
    pub(crate) epoch: Array,
}

/// What a group is trained on.
pub(crate) struct Group<'a> {
    pub(crate) member: &'a Member,
    /// Which members.
    pub(crate) members: Vec<usize>,
    /// Their keys, shape `(members, 2)`.
    pub(crate) keys: Array,
    /// Inputs in standard units, shape `(rows, inputs)`.
    pub(crate) x: &'a Array,
    /// The members' prior parameters.
    pub(crate) prior: PriorParams,
    pub(crate) data: MemberData,
    start: Option<MemberParams>,
}

impl<'a> Group<'a> {
    /// Draws what a group of members is trained on.
    ///
    /// # Errors
    /// If draws fail.
    pub(crate) fn new(
        member: &'a Member,
        members: Vec<usize>,
        keys: Array,
        x: &'a Array,
        y: &Array,
        scale: &Array,
    ) -> Result<Group<'a>> {
        let (prior, data) = vmap(|key: &Array| {
            let prior = member.draw_prior(key)?;
            let data = member.data(key, &prior, x, y, scale)?;
            Ok((prior, data))
        })(&keys)?;
        let anchored = matches!(member.options.penalty, crate::Penalty::Anchor { .. });
        let start = if anchored { Some(vmap(|key: &Array| member.init(key))(&keys)?) } else { None };
        Ok(Group { member, members, keys, x, prior, data, start })
    }

    /// The exact minimisers, by the normal equations.
    pub(crate) fn solve(&self) -> Result<GroupState> {
        let options = &self.member.options;
        let strength = match options.penalty {
            crate::Penalty::L2 { strength } => strength,
            _ => 0.0,
        };
        let input = (self.keys.clone(), self.data.clone());
        let params = vmap(|(key, data): &(Array, MemberData)| {
            let weighted = match &data.weight {
                Some(w) => array_api::multiply(self.x, w)?,
                None => self.x.clone(),
            };
            let share = match options.reduction {
                crate::Reduction::Sum => 1.0,
                crate::Reduction::Mean => 1.0 / data.target.size()? as f64,
            };
            let transposed = array_api::multiply(array_api::matrix_transpose(weighted)?, share)?;
            let eye = self.member.xp.eye((self.member.inputs, options.dtype))?;
            let left = array_api::add(array_api::matmul(&transposed, self.x)?, array_api::multiply(eye, strength)?)?;
            let weight = array_api::solve(left, array_api::matmul(transposed, &data.target)?)?;
            let mut params = self.member.init(key)?;
            params.network.layers[0].weight = weight;
            Ok(params)
        })(&input)?;
        let optimizer = options.optimizer.start(&params)?;
        let rows = self.x.shape()?[0];
        let input = (params.map(&mut |a| Ok(a.clone()))?, self.data.clone());
        let loss = vmap(|(p, d): &(MemberParams, MemberData)| self.member.loss(p, None, self.x, d, rows))(&input)?;
        Ok(GroupState { params, optimizer, best: None, losses: vec![array_api::expand_dims(loss, 1)?] })
    }

    /// The state before the first epoch.
    pub(crate) fn begin(&self) -> Result<GroupState> {
        let params = vmap(|key: &Array| self.member.init(key))(&self.keys)?;
        let optimizer = self.member.options.optimizer.start(&params)?;
        let best = match self.member.options.early_stopping {
            None => None,
            Some(_) => {
                let loss = self.out_of_bag(&params)?;
                let waited = array_api::zeros_like(&loss, ..)?;
                Some(Best { params: params.map(&mut |a| Ok(a.clone()))?, loss, epoch: waited.clone(), waited })
            }
        };
        Ok(GroupState { params, optimizer, best, losses: vec![] })
    }

    fn out_of_bag(&self, params: &MemberParams) -> Result<Array> {
        // Whole arrays are moved in and out of one tuple, so nothing is copied.
        let input = (params.map(&mut |a| Ok(a.clone()))?, self.data.clone());
        vmap(|(params, data): &(MemberParams, MemberData)| self.member.out_of_bag(params, self.x, data))(&input)
    }

    /// One epoch; `epoch` counts from 1. Gives the next state and whether all members have stopped.
    pub(crate) fn epoch(&self, state: GroupState, epoch: u64) -> Result<(GroupState, bool)> {
        let options = &self.member.options;
        let GroupState { mut params, mut optimizer, mut best, mut losses } = state;
        let rows = self.x.shape()?[0];
        let batch = options.batch.unwrap_or(rows).min(rows);
        let steps = rows.div_ceil(batch) as u64;
        let order = if batch < rows { Some(self.order(epoch, rows)?) } else { None };
        let mut total: Option<Array> = None;
        for s in 0..steps {
            let part = |a: &Array, axis: isize| match &order {
                None => Ok(a.clone()),
                Some(order) => {
                    let from = s as usize * batch;
                    let rows = at(order, Index::from(from as isize..(from + batch).min(rows) as isize))?;
                    take(a, rows, axis)
                }
            };
            let x = part(self.x, 0)?;
            let data = self.data.map(&mut |a| part(a, 1))?;
            let step = |(params, data, start): &(MemberParams, MemberData, Option<MemberParams>)| {
                value_and_grad(|p: &MemberParams| self.member.loss(p, start.as_ref(), &x, data, rows))(params)
            };
            let input = (params, data, self.start.clone());
            let (loss, gradient) = vmap(step)(&input)?;
            let count = (epoch - 1) * steps + s + 1;
            (params, optimizer) = options.optimizer.step(input.0, gradient, optimizer, count, options.learning_rate)?;
            total = Some(match total {
                None => loss,
                Some(t) => array_api::add(t, loss)?,
            });
        }
        let mean = total.map(|total| {
            let mean = if steps == 1 { total } else { array_api::divide(total, steps as f64)? };
            array_api::expand_dims(mean, 1)
        });
        let mut mean = mean.transpose()?;
        if let (Some(stop), Some(b)) = (options.early_stopping, &best)
            && epoch.is_multiple_of(stop.every)
        {
            best = Some(self.look(b, &params, epoch, stop.patience)?);
        }
        // A lazy kind computes an epoch at a time.
        (params, optimizer, best, mean) = persist((params, optimizer, best, mean))?;
        losses.extend(mean);
        let mut stopped = false;
        if let (Some(stop), Some(b)) = (options.early_stopping, &best) {
            let waited = b.waited.to_host()?.to_f64()?;
            stopped = waited.iter().all(|&w| w >= stop.patience as f64);
        }
        Ok((GroupState { params, optimizer, best, losses }, stopped))
    }

    /// The order of rows in an epoch, the same for all members.
    fn order(&self, epoch: u64, rows: usize) -> Result<Array> {
        let xp = &self.member.xp;
        // A key that no member has: members' keys fold in their number.
        let key = fold_in(xp.key(self.member.options.seed)?, u64::from(u32::MAX))?;
        argsort(astype_order(xp.bits(&fold_in(key, epoch)?, rows)?)?, ..)
    }

    /// Compares with the best so far; a member that has waited too long keeps what it has.
    fn look(&self, best: &Best, params: &MemberParams, epoch: u64, patience: u64) -> Result<Best> {
        let loss = self.out_of_bag(params)?;
        let running = less(&best.waited, patience as f64)?;
        // Not-a-number is never less, so a diverged member keeps its best parameters. A member without rows left out
        // has no loss to compare, and is trained to the end.
        let improved = logical_or(less(&loss, &best.loss)?, isnan(&best.loss)?)?;
        let better = logical_and(improved, &running)?;
        let choose = |new: &Array, old: &Array| {
            let mut shape = vec![1isize; new.ndim()];
            shape[0] = -1;
            where_(array_api::reshape(&better, shape)?, new, old)
        };
        let mut new = params.leaves().into_iter();
        let kept = best.params.map(&mut |old| match new.next() {
            Some(new) => choose(new, old),
            None => Err(Error::value("early stopping", "the parameters have another structure")),
        })?;
        let one_more = where_(&running, array_api::add(&best.waited, 1.0)?, &best.waited)?;
        Ok(Best {
            params: kept,
            loss: where_(&better, &loss, &best.loss)?,
            waited: where_(&better, 0.0, one_more)?,
            epoch: where_(&better, epoch as f64, &best.epoch)?,
        })
    }
}

/// Bits as a type that sorts on every backend.
fn astype_order(bits: Array) -> Result<Array> {
    array_api::astype(bits, array_api::DType::Int64)
}
