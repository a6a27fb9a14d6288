// How good samples are while a net trains: the loop asks, who knows pictures answers.

package protocol SampleJudge: AnyObject {
  /// How far the engine's samples are from pictures that it doesn't learn from, by the columns' names. Changes nothing
  /// of the engine.
  func distances(of engine: some TrainingEngine) throws -> [String: Float]
}
