// The moving average of a slab over training: one pass beside the optimizer's.

import Kernels

/// An exponential moving average of values that change from update to update. It begins as a copy of them.
/// Source: tf.train.ExponentialMovingAverage with `num_updates`.
package struct MovingAverage: Sendable {
  /// How much of itself an old average keeps in an update, 0 or more and less than 1.
  package let beta: Double

  package init(beta: Double) { self.beta = beta }

  /// How much it keeps in update number `update`, counted from 1: min(beta, (1 + update) / (10 + update)). A young
  /// average keeps less, so that it soon forgets the values that training began with.
  package func kept(in update: Int) -> Double { min(beta, Double(1 + update) / Double(10 + update)) }

  /// average = kept * average + (1 - kept) * values. The same bits for any number of threads and on every instruction
  /// set; where average and values are the same, nothing changes.
  ///
  /// - Parameter number: counted from 1.
  /// - Returns: whether all of the average is finite.
  @discardableResult
  package func update(_ average: Slice, with values: Slice, number: Int, on device: Device) -> Bool {
    precondition(average.count == values.count && number >= 1)
    let take = Float(1 - kept(in: number))
    return everyPartIsFinite(of: average.count, device) { start, count in
      device.kernels.average(average.pointer + start, values.pointer + start, count, take)
    }
  }
}
