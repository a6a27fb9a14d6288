// What is said of many values with one.

/// The middle one of the values in order; of an even number of them the mean of the two in the middle. Nil of none.
/// - Precondition: they are numbers: NaN has no place in an order.
package func median<Value: BinaryFloatingPoint>(_ values: some Sequence<Value>) -> Value? {
  let sorted = values.sorted()
  if sorted.isEmpty { return nil }
  let upper = sorted[sorted.count / 2]
  return sorted.count % 2 == 1 ? upper : (sorted[sorted.count / 2 - 1] + upper) / 2
}
