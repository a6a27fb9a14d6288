// Where a person says that a trained net is: a run, whose newest checkpoint is meant, or a checkpoint's file.

import SystemSupport

package enum CheckpointSource: Sendable {
  case run(String)
  case checkpoint(String)

  /// - Parameters:
  ///   - prefixes: read the tensors whose names begin so.
  ///   - notice: told of checkpoints that can't be used.
  /// - Throws: `Failure`.
  func open(prefixes: [String], notice: (String) -> Void) throws -> Checkpoint {
    switch self {
    case .checkpoint(let path): return try Checkpoint(at: path, prefixes: prefixes)
    case .run(let path):
      _ = try RunFolder.configuration(of: path)
      let folder = CheckpointFolder(joinPath(path, "checkpoints"))
      let newest = try folder.newest(prefixes: prefixes) { _, line in
        notice("a checkpoint is broken, the one before it is taken: \(line)")
      }
      guard let newest else {
        throw Failure(.missing, "\(path): has no checkpoint yet; train it with `wgan train --out \(path) --resume`")
      }
      return newest.checkpoint
    }
  }
}
