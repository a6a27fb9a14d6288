// Where a person says that a trained net is: a run, whose newest checkpoint is meant, or a checkpoint's file.

import SystemSupport

package enum CheckpointSource: Sendable {
  case run(String)
  case checkpoint(String)

  /// - Parameters:
  ///   - groups: of the tensors to read; nil: all.
  ///   - notice: told of checkpoints that can't be used.
  /// - Throws: `Failure`.
  func open(groups: [String]?, notice: (String) -> Void) throws -> Checkpoint {
    switch self {
    case .checkpoint(let path): return try Checkpoint(at: path, groups: groups)
    case .run(let path):
      let run = RunPaths(path)
      _ = try run.configuration()
      let newest = try run.checkpoints.newest(groups: groups) { _, line in
        notice("a checkpoint is broken, the one before it is taken: \(line)")
      }
      guard let newest else {
        throw Failure(.missing, "\(path): has no checkpoint yet; train it with `wgan train --out \(path) --resume`")
      }
      return newest.checkpoint
    }
  }
}
