// What the graph knows of a norm. Its kinds: BatchNorm.

/// Whose statistics a norm uses.
package enum NormStatistics: Sendable {
  /// The batch's own, which also move the running ones.
  case batch
  case running
}

/// A norm over blocked activations, with the activation that follows or precedes it fused in.
package protocol NormPrimitive: Sendable {
  /// "batch norm"
  var operation: String { get }
  /// Parameters and buffers, in PyTorch's order.
  var parameters: [ParameterLayout] { get }
  /// What a pass (forward or backward) over `batch` pictures can't do without.
  func work(_ pass: StepRecorder.Pass, batch: Int) -> StepRecorder.Work
  /// Floats kept from forward to backward.
  var workspaceCount: Int { get }
  /// Floats of scratch for any pass.
  func scratchpadCount(batch: Int) -> Int

  /// - Parameters:
  ///   - x: any halo. y: its halo becomes zero. They may not overlap.
  ///   - parameters: where each of `parameters` lies.
  ///   - workspace: `workspaceCount` Floats, for `backward` (which goes with the batch's statistics).
  ///   - slope: of the activation that follows the norm; 1: none.
  func forward(
    batch: Int, x: Activations, y: Activations, parameters: [Slice], statistics: NormStatistics, workspace: Slice,
    scratchpad: Slice, slope: Float, on device: Device)

  /// - Parameters:
  ///   - y: the output, where an activation followed the norm; nil where none did.
  ///   - diffX: its halo becomes zero. May be diffY itself.
  ///   - diffParameters: where to put (or, with `accumulate`, add) the gradients of each of `parameters` that isn't a
  ///     buffer, zeros in unused lanes; nil computes none.
  ///   - inputSlope: of the activation whose output x is; 1: none.
  func backward(
    batch: Int, diffY: Activations, x: Activations, y: Activations?, diffX: Activations, parameters: [Slice],
    diffParameters: [Slice]?, accumulate: Bool, workspace: Slice, scratchpad: Slice, slope: Float, inputSlope: Float,
    on device: Device)
}
