// Latent vectors from a file: what `wgan generate --tensors` writes, and what NumPy and PyTorch's friends save.

import SystemSupport
import TensorFiles

package enum LatentFile {
  /// The vectors of a file, which is told by its first bytes: a .npy, or safetensors. There the tensor "noise" is
  /// taken, or the only one.
  ///
  /// - Parameter latent: numbers of a vector that the generator takes.
  /// - Throws: `Failure`; `Failure(.badData)` unless it's float32 of the shape [n, latent] or [n, latent, 1, 1], n from
  ///   1 to 1,000,000, and all numbers are possible ones.
  package static func read(_ path: String, latent: Int) throws -> [LatentVector] {
    let start = try InputFile(at: path).start
    if start.isEmpty { throw Failure(.badData, path, "is empty: give a .npy or safetensors file of latent vectors") }
    let isNumPy = start.starts(with: NumPyFile.signature)
    let tensor = try isNumPy ? NumPyFile.read(path) : tensor(of: path, start)
    let wanted = "give float32 numbers of the shape [n, \(latent)] or [n, \(latent), 1, 1]"
    let shape = tensor.shape
    guard shape.count == 2 || shape.count == 4 && shape[2...] == [1, 1] else {
      throw Failure(.badData, path, "has the shape \(shape), which isn't one of latent vectors: \(wanted)")
    }
    guard shape[1] == latent else {
      throw Failure(.badData, path, "has latent vectors of \(shape[1]) numbers, this generator takes \(latent)")
    }
    guard 1...1_000_000 ~= shape[0] else {
      throw Failure(.badData, path, "has \(shape[0]) latent vectors: 1 to 1000000 are taken")
    }
    if let place = tensor.values.firstIndex(where: { LatentVector.flaw($0) != nil }),
      let flaw = LatentVector.flaw(tensor.values[place])
    {
      throw Failure(.badData, path, "latent vector \(place / latent) has \(flaw)")
    }
    return (0..<shape[0]).map { LatentVector(unchecked: Array(tensor.values[$0 * latent..<($0 + 1) * latent])) }
  }

  private static func tensor(of path: String, _ start: [UInt8]) throws -> NamedTensor {
    // What isn't one at all is told of as neither.
    let length = start.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard start.count == 8, length < 1 << 32 else {
      throw Failure(.badData, path, "is neither a .npy nor a safetensors file")
    }
    let file = try SafetensorsFile(at: path)
    let entries = file.entries
    guard let entry = entries.first(where: { $0.name == name }) ?? (entries.count == 1 ? entries.first : nil) else {
      let names = entries.prefix(3).map { shown($0.name) }.joined(separator: ", ")
      throw Failure(
        .badData, path,
        "has \(entries.count) tensors (\(names)\(entries.count > 3 ? ", ..." : "")) and none is called \"\(name)\": "
          + "save the latent vectors under that name")
    }
    guard entry.type == .float32 else {
      throw Failure(.badData, path, "tensor \(shown(entry.name)) isn't float32: save it with .float()")
    }
    return try file.tensor(entry)
  }

  /// As `wgan generate --tensors` calls them.
  static let name = "noise"
}

extension InputFile {
  /// The first eight bytes, or as many as there are.
  fileprivate var start: [UInt8] { get throws { try bytes(0..<min(size, 8)) } }
}
